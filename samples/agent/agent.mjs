// An honest student of the arena. README.md says how to run it; docs/gateway.md is the protocol, docs/tasks.md the tasks.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { Contract, JsonRpcProvider, Wallet, hexlify, id, randomBytes, sha256, solidityPackedKeccak256, toUtf8Bytes } from "ethers";
const { AGENT_KEY, RPC_URL, ARENA, GATEWAY_URL, STATE = "agent-state.json" } = process.env;
const wallet = new Wallet(AGENT_KEY, new JsonRpcProvider(RPC_URL, undefined, { cacheTimeout: -1 }));
const { chainId } = await wallet.provider.getNetwork();
const arena = new Contract(ARENA, await (await fetch(`${GATEWAY_URL}/v1/network/abi`)).json(), wallet);
const kept = existsSync(STATE) ? JSON.parse(readFileSync(STATE)) : {};
const digest = (text) => sha256(toUtf8Bytes(text));
async function ask(method, path, body = "") {
  const [time, nonce] = [`${Date.now()}`, hexlify(randomBytes(16)).slice(2)];
  const request = ["AGI Jobs gateway v1", `chain ${chainId}`, `arena ${ARENA}`, `${method} ${path}`, `body ${digest(body).slice(2)}`];
  const signature = await wallet.signMessage([...request, `timestamp ${time}`, `nonce ${nonce}`, `address ${wallet.address}`].join("\n"));
  const headers = { "X-Agi-Address": wallet.address, "X-Agi-Timestamp": time, "X-Agi-Nonce": nonce, "X-Agi-Signature": signature };
  const answer = await fetch(GATEWAY_URL + path, { method, headers, body: body || undefined });
  if (answer.ok) return answer.text();
  throw new Error(`${method} ${path}: ${await answer.text()}`);
}
function colour(task, found = "") { // Vertex by vertex, and back where no colour is left; gives up after so many tries.
  if (found.length === task.vertices) return found;
  const fits = (c) => task.tries-- > 0 && !task.edges.some(([a, b]) => b === found.length && found[a] === `${c}`);
  for (let c = 0, whole; c < task.colours; c++) if (fits(c) && (whole = colour(task, found + c))) return whole;
}
async function commit(round) {
  const task = await ask("GET", `/v1/rounds/${round}/task`);
  if (digest(task) !== (await arena.getRound(round)).taskHash) throw new Error(`round ${round}: this is not the published task`);
  kept[round] ??= { answer: colour({ ...JSON.parse(task).body, tries: 1e6 }) || `unsolved-${wallet.address}`, salt: hexlify(randomBytes(32)) };
  writeFileSync(STATE, JSON.stringify(kept), { mode: 0o600, flush: true }); // Before the commitment: without the salt there is no reveal.
  const values = [id("SelfPlayArena.Answer"), chainId, ARENA, round, wallet.address, digest(kept[round].answer), kept[round].salt];
  return arena.commitAnswer(round, solidityPackedKeccak256(values.map(() => "uint256"), values));
}
async function reveal(round) {
  const { uri } = JSON.parse(await ask("PUT", `/v1/rounds/${round}/answer`, JSON.stringify(kept[round])));
  return arena.revealAnswer(round, digest(kept[round].answer), kept[round].salt, uri);
}
const acts = { join: (round) => arena.joinRound(round), "commit-answer": commit, "reveal-answer": reveal };
for (;; await new Promise((resolve) => setTimeout(resolve, 1000))) try {
  await ask("PUT", "/v1/agents/me", JSON.stringify({ seats: ["student"], families: ["graph-colouring"] }));
  for (const { id, todo } of JSON.parse(await ask("GET", "/v1/rounds?live=true"))) await (await acts[todo]?.(id))?.wait();
} catch (problem) { console.error(problem.message); }
