// The reporter of `npm test`: failures with their diagnostics, one line a file, and a last line
// of exactly `N passed, N failed` that machines can read. tap's own reports end otherwise.
import { Transform } from 'node:stream';

/** Stray output of a file that is kept, in lines, to be shown when the file fails. */
const OUTPUT_LINES_MAX = 60;
/** Longest line shown, in characters: a failing comparison may hold megabytes. */
const LINE_LENGTH_MAX = 1000;
/** Diagnostics that say nothing to a reader: how tap started the file. */
const NOISE = /^(stdio|cwd|externalID|command|args|jobId|at|tapCaught):/;

export default class Summary extends Transform {
  #passed = 0;
  #failed = 0;
  #partial = '';
  #complete = false;
  /** Names of the open subtests, by depth; the first is the file. */
  #open = [];
  /** Diagnostic block being read: its indent, and whether it is shown. */
  #block;
  #file = newFile();

  _transform(chunk, _encoding, done) {
    const lines = (this.#partial + chunk).split('\n');
    this.#partial = lines.pop();
    for (const line of lines) this.#line(line);
    done();
  }

  _flush(done) {
    // Without its closing line the run died: what it said before counts, and so does the death.
    if (!this.#complete) this.#fail('the test run ended early');
    if (this.#failed > 0) process.exitCode = 1;
    this.#say(`${this.#passed} passed, ${this.#failed} failed`);
    done();
  }

  #line(line) {
    if (this.#block !== undefined) {
      this.#diagnostic(line);
      return;
    }
    const [, indent, text] = /^( *)(.*)$/.exec(line);
    const depth = indent.length / 4;
    const subtest = /^# Subtest: (.*)$/.exec(text);
    const point = /^(not )?ok \d+(?: - (.*))?$/.exec(text);
    if (text === '---') {
      this.#block = { indent, shown: this.#file.lastFailed, muted: false };
    } else if (subtest) {
      this.#open.length = depth;
      this.#open[depth] = subtest[1];
      if (depth === 0) this.#file = newFile();
    } else if (point) {
      this.#point(depth, point[1] === undefined, point[2] ?? '');
    } else if (/^# \{ total: /.test(text)) {
      this.#complete = true;
    } else if (text !== '' && !/^(#|\d+\.\.\d+|TAP version)/.test(text)) {
      this.#file.output.push(text);
      if (this.#file.output.length > OUTPUT_LINES_MAX) this.#file.output.shift();
    }
  }

  #point(depth, ok, described) {
    const [, name, directive] = /^(.*?)(?: # (?:time=\S+|(SKIP|TODO)\b.*))?$/.exec(described);
    const path = [...this.#open.slice(0, depth), name];
    const closing = this.#open[depth] === name;
    this.#open.length = depth;
    this.#file.lastFailed = false;
    if (directive !== undefined) {
      // A test file without tests proves nothing; a skipped test is said, so none is forgotten.
      if (depth === 0 && isTest(name)) this.#fail(`${name}: no tests found`);
      else this.#say(`${directive.toLowerCase()}: ${path.join(' > ')}`);
    } else if (!ok && !(closing && this.#file.failed > 0)) {
      this.#file.failed += 1;
      this.#file.lastFailed = true;
      this.#fail(path.join(' > '));
    } else if (ok && !closing) {
      this.#passed += 1;
      this.#file.passed += 1;
    }
    if (depth === 0) this.#endFile(name, ok && (directive === undefined || !isTest(name)));
  }

  #diagnostic(line) {
    const { indent, shown } = this.#block;
    const text = line.slice(indent.length);
    if (text === '...') {
      this.#block = undefined;
      return;
    }
    if (/^\S/.test(text)) this.#block.muted = NOISE.test(text);
    if (shown && !this.#block.muted) this.#say(`    ${text}`);
  }

  #endFile(name, ok) {
    const { passed, failed, output } = this.#file;
    if (failed > 0 && output.length > 0) {
      this.#say(`  output of ${name}:`);
      for (const line of output) this.#say(`    ${line}`);
    }
    this.#say(`${ok ? 'ok' : 'FAILED'} ${name} (${passed} passed, ${failed} failed)`);
  }

  #fail(what) {
    this.#failed += 1;
    this.#say(`FAIL ${what}`);
  }

  #say(line) {
    const rest = line.length - LINE_LENGTH_MAX;
    this.push(rest > 0 ? `${line.slice(0, LINE_LENGTH_MAX)} … (${rest} more)\n` : `${line}\n`);
  }
}

/** Helpers beside the tests are run too when their folder is named on the command line. */
function isTest(name) {
  return name.endsWith('.test.ts');
}

function newFile() {
  return { passed: 0, failed: 0, lastFailed: false, output: [] };
}
