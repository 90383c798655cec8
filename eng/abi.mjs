// node eng/abi.mjs OUT TARGET NAME...: what the program reads of forge's artefact of each contract, its interface and its storage layout, as TARGET/NAME.json.
// The whole artefact is seven times as large, most of it syntax tree and bytecode, and every command would read it.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const [out, target, ...names] = process.argv.slice(2);
mkdirSync(target, { recursive: true });
for (const name of names) {
  const { abi, storageLayout } = JSON.parse(readFileSync(`${out}/${name}.sol/${name}.json`, "utf8"));
  writeFileSync(`${target}/${name}.json`, `${JSON.stringify({ abi, storageLayout })}\n`);
}
