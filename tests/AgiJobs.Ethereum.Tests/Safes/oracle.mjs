// An independent opinion for the differential tests: requests as a JSON array on standard input, answers as one on standard output.
// The first argument is the repository root, where ethers is installed.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(process.argv[2] + '/package.json');
const { AbiCoder, Interface, TypedDataEncoder, keccak256, toUtf8Bytes } = require('ethers');

// The Transaction Builder's serialisation: keys first, then values, each followed by a comma.
const nothing = (_, value) => (value === undefined ? null : value);
function serialise(value) {
  if (Array.isArray(value)) return '[' + value.map(serialise).join(',') + ']';
  if (typeof value !== 'object' || value === null) return String(JSON.stringify(value, nothing));
  const keys = Object.keys(value).sort();
  return '{' + JSON.stringify(keys, nothing) + keys.map((key) => serialise(value[key]) + ',').join('') + '}';
}

const answers = {
  checksum({ text }) {
    const batch = JSON.parse(text);
    const compact = JSON.stringify(batch, nothing);
    const indented = JSON.stringify(batch, nothing, 2);
    const stated = batch.meta.checksum;
    delete batch.meta.checksum;
    const checksum = keccak256(toUtf8Bytes(serialise({ ...batch, meta: { ...batch.meta, name: null } })));
    return { checksum, stated, compact, indented };
  },
  serialise({ text }) {
    return { hash: keccak256(toUtf8Bytes(serialise(JSON.parse(text)))), compact: JSON.stringify(JSON.parse(text)), indented: JSON.stringify(JSON.parse(text), null, 2) };
  },
  typed({ domain, types, primaryType, message }) {
    return {
      domain: TypedDataEncoder.hashDomain(domain),
      struct: TypedDataEncoder.hashStruct(primaryType, types, message),
      digest: TypedDataEncoder.hash(domain, types, message),
    };
  },
  call({ method, values }) {
    return { data: new Interface([{ ...method, type: 'function' }]).encodeFunctionData(method.name, values) };
  },
  encode({ types, values }) {
    return { data: AbiCoder.defaultAbiCoder().encode(types, values) };
  },
};

const requests = JSON.parse(readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(requests.map((request) => answers[request.op](request))));
