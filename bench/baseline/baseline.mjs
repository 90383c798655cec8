// The JavaScript side of the benchmarks: one process, told over stdin (one JSON object a line) which operation to run how often.
//   {"op":"keccak","input":{...}}                     -> {"result":"0x..."}        checks that both sides compute the same
//   {"op":"keccak","input":{...},"iterations":1000}   -> {"nanoseconds":123456}    times them (processor time of the process)
// To add an operation, add a function to `operations` that takes the input and returns [run, show].
import { rate } from "openskill";
import { createInterface } from "node:readline";
import { keccak_256 } from "@noble/hashes/sha3";
import { secp256k1 } from "@noble/curves/secp256k1";
import { AbiCoder, Interface, ParamType, SigningKey, Transaction, getBytes, hexlify } from "ethers";

const coder = AbiCoder.defaultAbiCoder();

const revive = (value) => Array.isArray(value) ? value.map(revive) : typeof value === "string" && /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value;

const operations = {
    keccak: ({ data }) => {
        const bytes = getBytes(data);
        return [() => keccak_256(bytes), () => hexlify(keccak_256(bytes))];
    },
    // The types are parsed beforehand on both sides.
    abiDecode: ({ types, data }) => {
        const parsed = types.map((type) => ParamType.from(type));
        return [() => coder.decode(parsed, data), () => coder.encode(parsed, coder.decode(parsed, data))];
    },
    abiEncode: ({ types, values }) => {
        const parsed = types.map((type) => ParamType.from(type));
        const revived = revive(values);
        return [() => coder.encode(parsed, revived), () => coder.encode(parsed, revived)];
    },
    eventDecode: ({ event, topics, data }) => {
        const contract = new Interface([event]);
        const fragment = contract.fragments[0];
        return [
            () => contract.decodeEventLog(fragment, data, topics),
            () => contract.decodeEventLog(fragment, data, topics).map(String).join(" "),
        ];
    },
    sign: ({ key, digest }) => {
        const [secret, hash] = [getBytes(key), getBytes(digest)];
        const run = () => secp256k1.sign(hash, secret);
        return [run, () => {
            const signature = run();
            return hexlify(signature.toCompactRawBytes()) + (27 + signature.recovery).toString(16);
        }];
    },
    recover: ({ digest, signature }) => {
        const [hash, bytes] = [getBytes(digest), getBytes(signature)];
        const run = () => secp256k1.Signature.fromCompact(bytes.subarray(0, 64)).addRecoveryBit(bytes[64] - 27).recoverPublicKey(hash).toRawBytes(false);
        return [run, () => hexlify(run())];
    },
    signTransaction: ({ key, fields }) => {
        const signer = new SigningKey(key);
        const run = () => {
            const transaction = Transaction.from(fields);
            transaction.signature = signer.sign(transaction.unsignedHash);
            return transaction.serialized;
        };
        return [run, run];
    },
    rate: ({ players, ranks }) => {
        const teams = players.map(([mu, sigma]) => [{ mu, sigma }]);
        const options = { rank: ranks, tau: 25 / 300 };
        const run = () => rate(teams, options);
        return [run, () => run().map(([{ mu, sigma }]) => `${mu.toFixed(9)} ${sigma.toFixed(9)}`).join(" ")];
    },
    readTransaction: ({ raw }) => {
        const run = () => Transaction.from(raw).from;
        return [run, run];
    },
};

const prepared = new Map();
let sink;

for await (const line of createInterface({ input: process.stdin })) {
    const { op, input, iterations } = JSON.parse(line);
    const key = input === undefined ? "" : op + JSON.stringify(input);
    if (!prepared.has(key)) prepared.set(key, operations[op](input));
    const [run, show] = prepared.get(key);
    if (iterations === undefined) {
        process.stdout.write(JSON.stringify({ result: show() }) + "\n");
        continue;
    }

    const start = process.cpuUsage();
    for (let i = 0; i < iterations; i++) sink = run();
    const { user, system } = process.cpuUsage(start);
    process.stdout.write(JSON.stringify({ nanoseconds: (user + system) * 1000 }) + "\n");
}
