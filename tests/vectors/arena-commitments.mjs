// Makes arena-commitments.json with ethers alone: node tests/vectors/arena-commitments.mjs > tests/vectors/arena-commitments.json
import { AbiCoder, getAddress, id, keccak256, sha256, toBeHex, toUtf8Bytes } from "ethers";

const DOMAINS = { answer: id("SelfPlayArena.Answer"), vote: id("SelfPlayArena.Vote") };
const LAYOUT = ["bytes32", "uint256", "address", "uint256", "address", "bytes32", "bytes32"];
const word = (value) => toBeHex(value, 32);
const account = (name) => getAddress("0x" + id(name).slice(26));
const answers = ["1,2;3,4;1,3;2,4;2,3", "42", "", "größer als \u{1F9EE}", "[[0,1],[1,2]]", "x".repeat(1000)];
const votes = [0n, 1n, 2n, 0b10110n, (1n << 32n) - 1n, 1n << 31n];
const chains = ["1", "31337", "11155111", "9007199254740993", "18446744073709551615", "100"];
const rounds = ["1", "7", "255", "65536", "4294967296", "9223372036854775807"];

const vector = (kind, payload, index, text) => {
  const [chain, round] = [chains[index % 6], rounds[(index * 5) % 6]];
  const [arena, who, salt] = [account(`arena ${index % 3}`), account(`${kind} ${index}`), index === 5 ? word(1) : id(`${kind} salt ${index}`)];
  const commitment = keccak256(AbiCoder.defaultAbiCoder().encode(LAYOUT, [DOMAINS[kind], chain, arena, round, who, payload, salt]));
  return { kind, chain, arena, round, account: who, text, payload, salt, commitment };
};

console.log(JSON.stringify({
  vectors: [
    ...answers.map((text, index) => vector("answer", sha256(toUtf8Bytes(text)), index, text)),
    ...votes.map((vote, index) => vector("vote", word(vote), index, vote.toString())),
  ],
}, null, 2));
