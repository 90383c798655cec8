// An honest student of the arena. README.md says how to run it; docs/gateway.md is the protocol, docs/tasks.md the tasks.
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { AbiCoder, Contract, JsonRpcProvider, Wallet, id, keccak256 } from "ethers";

const { AGENT_KEY, RPC_URL, ARENA, GATEWAY_URL, STATE = "agent-state.json" } = process.env;
const sha256 = (data) => createHash("sha256").update(data).digest("hex");
const wallet = new Wallet(AGENT_KEY, new JsonRpcProvider(RPC_URL, undefined, { cacheTimeout: -1 }));
const { chainId } = await wallet.provider.getNetwork();
const arena = new Contract(ARENA, await (await fetch(`${GATEWAY_URL}/v1/network/abi`)).json(), wallet);
const kept = existsSync(STATE) ? JSON.parse(readFileSync(STATE)) : {};

async function ask(method, path, body = "") {
  const [timestamp, nonce] = [Date.now(), randomBytes(16).toString("hex")];
  const text = `AGI Jobs gateway v1\nchain ${chainId}\narena ${ARENA}\n${method} ${path}\nbody ${sha256(body)}\ntimestamp ${timestamp}\nnonce ${nonce}\naddress ${wallet.address}`;
  const headers = { "X-Agi-Address": wallet.address, "X-Agi-Timestamp": `${timestamp}`, "X-Agi-Nonce": nonce, "X-Agi-Signature": await wallet.signMessage(text) };
  const answer = await fetch(GATEWAY_URL + path, { method, headers, body: body || undefined });
  if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
  return answer.text();
}

function colour({ vertices, edges, colours }, steps = 1e6) {
  const found = [];
  for (let v = 0, c = 0; v < vertices; c = 0) {
    if (steps-- < 0 || v < 0) return null;
    if (found.length > v) c = found.pop() + 1;
    while (c < colours && edges.some(([a, b]) => b === v && found[a] === c)) c++;
    v += c < colours ? found.push(c) && 1 : -1;
  }
  return found.join("");
}

const acts = {
  join: (round) => arena.joinRound(round),
  "commit-answer": async (round) => {
    const task = await ask("GET", `/v1/rounds/${round}/task`);
    if (`0x${sha256(task)}` !== (await arena.getRound(round)).taskHash) throw new Error(`round ${round}: the gateway's task is not the published one`);
    const { family, body } = JSON.parse(task);
    kept[round] ??= { answer: (family === "graph-colouring" && colour(body)) || `unsolved-${wallet.address}`, salt: `0x${randomBytes(32).toString("hex")}` };
    writeFileSync(STATE, JSON.stringify(kept), { mode: 0o600, flush: true }); // Before the commitment: without the salt there is no reveal.
    const values = [id("SelfPlayArena.Answer"), chainId, ARENA, round, wallet.address, `0x${sha256(kept[round].answer)}`, kept[round].salt];
    return arena.commitAnswer(round, keccak256(AbiCoder.defaultAbiCoder().encode(["bytes32", "uint256", "address", "uint256", "address", "bytes32", "bytes32"], values)));
  },
  "reveal-answer": async (round) => {
    const { uri } = JSON.parse(await ask("PUT", `/v1/rounds/${round}/answer`, JSON.stringify(kept[round])));
    return arena.revealAnswer(round, `0x${sha256(kept[round].answer)}`, kept[round].salt, uri);
  },
};

for (;;) {
  try {
    await ask("PUT", "/v1/agents/me", JSON.stringify({ seats: ["student"], families: ["graph-colouring"] }));
    for (const { id, todo } of JSON.parse(await ask("GET", "/v1/rounds?live=true"))) await (await acts[todo]?.(id))?.wait();
  } catch (problem) { console.error(problem.message); }
  await new Promise((resolve) => setTimeout(resolve, 1000));
}
