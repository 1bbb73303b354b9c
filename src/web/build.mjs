/**
 * Builds the files for browsers into out/web, and says how large they are:
 * `node src/web/build.mjs`. Fails when pad and worker together outgrow their limit.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, transform } from 'esbuild';

const WEB = fileURLToPath(new URL('.', import.meta.url));
const ROOT = join(WEB, '../..');
const OUT = join(ROOT, 'out/web');

/** Bytes, gzipped, that a page with the pad may load, cryptography included. */
const PAD_BYTES_MAX = 150_000;

/** Where a classic script finds its own address. */
const SCRIPT_URL = 'mpinScriptUrl';
const NOTICE = '/* mpin-server, Apache-2.0; the licences of what is in here: THIRD-PARTY.txt */';

/** Of the library's table of curves only ours: the rest is 50 kB of numbers. */
const oneCurve = {
  name: 'one-curve',
  setup({ onLoad }) {
    onLoad({ filter: /milagro-crypto-js\/src\/rom_(curve|field)\.js$/ }, ({ path }) => {
      const kind = /rom_(\w+)\.js$/.exec(path)[1].toUpperCase();
      const name = `ROM_${kind}_BN254CX`;
      const text = readFileSync(path, 'utf8');
      const found = new RegExp(`^${name} = (function\\(\\) \\{.*?^\\});`, 'ms').exec(text);
      if (found === null) throw new Error(`${path} does not define ${name} as it used to`);
      return { contents: `module.exports = { ${name}: ${found[1]} };` };
    });
  },
};

/** Style sheets of components are texts of their modules. */
const cssText = {
  name: 'css-text',
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(readFileSync(path, 'utf8'), CSS);
      return { contents: code, loader: 'text' };
    });
  },
};

const CSS = { loader: 'css', minify: true, target: 'chrome123' };

const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  metafile: true,
  target: 'es2022',
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [oneCurve, cssText],
};

const packages = new Set();

async function script(entry, outfile, format) {
  const classic = format === 'iife';
  const own = `var ${SCRIPT_URL}=document.currentScript?.src??location.href;`;
  const worker = /worker/.test(entry);
  const { metafile } = await build({
    ...COMMON,
    format,
    entryPoints: [join(WEB, `entry/${entry}.ts`)],
    outfile: join(OUT, outfile),
    banner: { js: classic && !worker ? NOTICE + own : NOTICE },
    ...(classic && !worker ? { define: { 'import.meta.url': SCRIPT_URL } } : {}),
  });
  for (const input of Object.keys(metafile.inputs)) {
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
    if (name !== undefined) packages.add(name);
  }
}

async function style(file, outfile) {
  const { code } = await transform(readFileSync(join(WEB, file), 'utf8'), CSS);
  writeFileSync(join(OUT, outfile), code);
}

/** The licence of each package of which something is in the files. */
function licences() {
  return [...packages].sort().map((name) => {
    const folder = join(ROOT, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
    if (file === undefined) throw new Error(`${name} has no licence file`);
    const text = readFileSync(join(folder, file), 'utf8').trim();
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
}

const gzipped = (file) => gzipSync(readFileSync(join(OUT, file)), { level: 9 }).length;
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;

rmSync(OUT, { recursive: true, force: true });
mkdirSync(join(OUT, 'm'), { recursive: true });
await Promise.all([
  script('sdk', 'mpin-sdk.js', 'esm'),
  script('sdk-classic', 'mpin-sdk.classic.js', 'iife'),
  script('pad', 'mpin-pad.js', 'esm'),
  script('pad-classic', 'mpin-pad.classic.js', 'iife'),
  script('worker', 'mpin-worker.js', 'iife'),
  script('wire', 'mpin-wire.js', 'esm'),
  script('jsqr', 'mpin-jsqr.js', 'esm'),
  script('home', 'home.js', 'esm'),
  script('mobile', 'mobile.js', 'esm'),
  script('service-worker', 'm/service-worker.js', 'iife'),
  style('home/home.css', 'home.css'),
  style('mobile/mobile.css', 'mobile.css'),
]);
for (const file of ['index.html', 'manifest.webmanifest', 'icon.svg']) {
  cpSync(join(WEB, 'mobile', file), join(OUT, 'm', file));
}
writeFileSync(join(OUT, 'THIRD-PARTY.txt'), licences().join(`\n${'-'.repeat(80)}\n\n`));

const files = ['mpin-pad.js', 'mpin-worker.js'];
const sizes = files.map((file) => `${basename(file)} ${kilobytes(gzipped(file))}`);
const total = files.reduce((sum, file) => sum + gzipped(file), 0);
process.stdout.write(`web: PIN pad ${kilobytes(total)} gzipped (${sizes.join(', ')})\n`);
if (total > PAD_BYTES_MAX) {
  process.stderr.write(`web: the pad outgrew its ${kilobytes(PAD_BYTES_MAX)}\n`);
  process.exitCode = 1;
}
