// Decodes QR codes with jsqr, which shares nothing with the encoder. Each argument is a PNG, or a text file of half blocks; prints a JSON array of what the codes say.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const jsqr = require('jsqr');
const { PNG } = require('pngjs');

// Codes in a text stand between lines that hold something else than blocks.
function* codes(text) {
  let rows = [];
  for (const line of [...text.split('\n'), 'end']) {
    if (/^[ \u2580\u2584\u2588]+$/.test(line)) {
      rows.push([...line].map(c => c === '\u2580' || c === '\u2588'), [...line].map(c => c === '\u2584' || c === '\u2588'));
    } else if (rows.length > 0) {
      yield rows;
      rows = [];
    }
  }
}

function decode(width, height, dark) {
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      pixels.fill(dark(x, y) ? 0 : 255, (y * width + x) * 4, (y * width + x) * 4 + 3);
      pixels[(y * width + x) * 4 + 3] = 255;
    }
  }
  const found = jsqr(pixels, width, height);
  if (!found) throw new Error('no QR code was found');
  return found.data;
}

const scale = 4;
const said = [];
for (const file of process.argv.slice(2)) {
  if (file.endsWith('.png')) {
    const png = PNG.sync.read(readFileSync(file));
    said.push(decode(png.width, png.height, (x, y) => png.data[(y * png.width + x) * 4] < 128));
  } else {
    for (const rows of codes(readFileSync(file, 'utf8'))) {
      said.push(decode(rows[0].length * scale, rows.length * scale, (x, y) => rows[Math.floor(y / scale)][Math.floor(x / scale)]));
    }
  }
}
console.log(JSON.stringify(said));
