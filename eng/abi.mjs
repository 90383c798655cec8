// node eng/abi.mjs OUT TARGET INPUT NAME...: what the program reads of forge's artefact of each contract, its interface and its storage layout, as TARGET/NAME.json, and what block explorers
// compile it from, the compiler's standard JSON input, as INPUT/NAME.json. To be run where the sources' paths begin.
// The whole artefact is seven times as large, most of it syntax tree and bytecode, and every command would read it.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const [out, target, input, ...names] = process.argv.slice(2);
mkdirSync(target, { recursive: true });
mkdirSync(input, { recursive: true });
for (const name of names) {
  const { abi, storageLayout, metadata } = JSON.parse(readFileSync(`${out}/${name}.sol/${name}.json`, "utf8"));
  writeFileSync(`${target}/${name}.json`, `${JSON.stringify({ abi, storageLayout })}\n`);
  const { compilationTarget, ...settings } = metadata.settings;
  const sources = Object.fromEntries(Object.keys(metadata.sources).map((path) => [path, { content: readFileSync(path, "utf8") }]));
  writeFileSync(`${input}/${name}.json`, `${JSON.stringify({ language: "Solidity", sources, settings })}\n`);
}
