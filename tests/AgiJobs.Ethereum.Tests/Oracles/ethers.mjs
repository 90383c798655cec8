// Answers a list of questions, given as JSON on stdin, with what ethers computes. The tests compare it with ours.
import { AbiCoder, Interface, TypedDataEncoder, getBytes, hashMessage, keccak256 } from "ethers";

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
