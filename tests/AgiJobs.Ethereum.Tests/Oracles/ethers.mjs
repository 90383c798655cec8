// Answers a list of questions, given as JSON on stdin, with what ethers computes. The tests compare it with ours.
import {
    AbiCoder, HDNodeWallet, Interface, Mnemonic, SigningKey, Transaction, TypedDataEncoder, Wallet, computeAddress, decryptKeystoreJsonSync, encryptKeystoreJsonSync, getBytes,
    hashMessage, id, keccak256, recoverAddress,
} from "ethers";

const coder = AbiCoder.defaultAbiCoder();

const answers = {
    // ours: our encoding, which ethers must read as the same values.
    abi: ({ types, values, ours }) => ({ encoded: coder.encode(types, values), reencoded: coder.encode(types, coder.decode(types, ours)) }),
    entry: ({ text, values }) => {
        const contract = new Interface([text]);
        const fragment = contract.fragments[0];
        const answer = { signature: fragment.format("sighash"), json: contract.formatJson() };
        switch (fragment.type) {
            case "function":
                answer.data = contract.encodeFunctionData(fragment, values);
                break;
            case "error":
                answer.data = contract.encodeErrorResult(fragment, values);
                break;
            default: {
                const log = contract.encodeEventLog(fragment, values);
                answer.data = log.data;
                answer.topics = log.topics;
            }
        }
        return answer;
    },
    typed: ({ domain, types, message }) => ({
        digest: TypedDataEncoder.hash(domain, types, message),
        domain: TypedDataEncoder.hashDomain(domain),
        type: TypedDataEncoder.from(types).encodeType(TypedDataEncoder.getPrimaryType(types)),
    }),
    message: ({ data }) => ({ hash: hashMessage(getBytes(data)) }),
    keccak: ({ data }) => ({ hash: keccak256(data) }),
    // ours: our signed transaction, which ethers must read as the same one.
    transaction: ({ key, fields, ours }) => {
        const transaction = Transaction.from(fields);
        const unsignedHash = transaction.unsignedHash;
        transaction.signature = new SigningKey(key).sign(unsignedHash);
        const read = Transaction.from(ours);
        return { unsignedHash, raw: transaction.serialized, hash: transaction.hash, from: read.from, readAgain: read.serialized };
    },
    sign: ({ key, digest, message, signature }) => ({
        signature: new SigningKey(key).sign(digest).serialized,
        personal: new Wallet(key).signMessageSync(getBytes(message)),
        recovered: recoverAddress(digest, signature),
        address: computeAddress(key),
    }),
    derive: ({ entropy, passphrase, path }) => {
        const mnemonic = Mnemonic.fromEntropy(entropy, passphrase);
        const node = HDNodeWallet.fromMnemonic(mnemonic, path);
        return { phrase: mnemonic.phrase, seed: mnemonic.computeSeed(), xprv: node.extendedKey, xpub: node.neuter().extendedKey, address: node.address };
    },
    decompose: ({ points, texts }) => ({
        points: id(points.map((point) => String.fromCodePoint(point).normalize("NFKD")).join("|")),
        texts: texts.map((text) => text.normalize("NFKD")),
    }),
    keystore: ({ key, password, ours }) => ({
        opened: decryptKeystoreJsonSync(ours, password).privateKey,
        theirs: encryptKeystoreJsonSync({ address: computeAddress(key), privateKey: key }, password, { scrypt: { N: 4 } }),
    }),
};

let input = "";
for await (const chunk of process.stdin) input += chunk;
process.stdout.write(JSON.stringify(JSON.parse(input).map((question) => {
    try {
        return answers[question.ask](question);
    } catch (error) {
        return { error: String(error) };
    }
})));
