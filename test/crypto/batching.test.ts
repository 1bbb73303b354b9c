/** Logins on their way into batches: order, limits, failures, and the end. */
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { BATCH_RECORDS_MAX, BATCH_RECORDS_MIN, BatchLimit } from '../../src/crypto/batch-limit.js';
import { Batcher, type BatchReport, GROUP_RECORDS_MAX } from '../../src/crypto/batcher.js';
import { PoolError } from '../../src/crypto/errors.js';
import { buildRecord, RECORD_BYTES, type RecordFields } from '../../src/crypto/record.js';
import { RecordQueue } from '../../src/crypto/record-queue.js';
import type { VerifyResult, VerifyTask } from '../../src/crypto/verifier-worker.js';
import { WorkerPool } from '../../src/crypto/worker-pool.js';
import { Seeded, seed } from './seeded.js';

t.comment(`seed ${seed}`);

const BY_DATE = new URL('./fixtures/date-worker.mjs', import.meta.url);
/** Dates by which the stand-ins decide. */
const OK = 1;
const WRONG = 2;
const DEADLY = 3;

const full = { name: 'PoolError', reason: 'full' };
const unavailable = { name: 'PoolError', reason: 'unavailable' };

const POINT = new Uint8Array(65).fill(4);
const HASH = new Uint8Array(32).fill(7);

/** A record that can be told from others by its y. */
function record(date: number, mark = 0): RecordFields {
  const y = new Uint8Array(32);
  new DataView(y.buffer).setUint32(28, mark);
  return { hashMpinId: HASH, date, u: POINT, ut: POINT, v: POINT, y };
}

const DATE_AT = 32;
const MARK_AT = RECORD_BYTES - 4;

/** Workers that answer when they are told to. */
class Workers {
  readonly tasks: VerifyTask[] = [];
  readonly #answers: { resolve: (result: VerifyResult) => void; reject: (e: Error) => void }[] = [];
  closed = false;

  run(task: VerifyTask): Promise<VerifyResult> {
    this.tasks.push(task);
    return new Promise((resolve, reject) => this.#answers.push({ resolve, reject }));
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  /** Numbers of records in the batches so far. */
  get sizes(): number[] {
    return this.tasks.map((task) => task.records.length / RECORD_BYTES);
  }

  /** The marks of a batch's records. */
  marks(batch: number): number[] {
    return numbersAt(this.tasks[batch]?.records as Uint8Array, MARK_AT);
  }

  async answer(batch: number): Promise<void> {
    const dates = numbersAt(this.tasks[batch]?.records as Uint8Array, DATE_AT);
    const statuses = Int8Array.from(dates, (date) => (date === OK ? 0 : -19));
    this.#answers[batch]?.resolve({ statuses, runUs: 100 });
    await turn();
  }

  async lose(batch: number): Promise<void> {
    this.#answers[batch]?.reject(new PoolError('unavailable', 'the worker died'));
    await turn();
  }
}

function numbersAt(records: Uint8Array, at: number): number[] {
  const view = new DataView(records.buffer, records.byteOffset, records.length);
  const count = records.length / RECORD_BYTES;
  return Array.from({ length: count }, (_, index) => view.getUint32(index * RECORD_BYTES + at));
}

function start(workers = 1, queueMax = 1000, paceMs = 0) {
  const crew = new Workers();
  const reports: BatchReport[] = [];
  const onBatch = (report: BatchReport) => reports.push(report);
  return { crew, reports, batcher: new Batcher(crew, { workers, queueMax, paceMs, onBatch }) };
}

const range = (length: number, from = 0) => Array.from({ length }, (_, index) => from + index);

t.test('what comes in one turn is one batch, and while it runs the next one grows', async (t) => {
  const { crew, batcher } = start();
  const first = [0, 1, 2].map((mark) => batcher.findAccepted([record(OK, mark)]));
  await turn();
  t.same(crew.sizes, [3], 'an idle worker takes what is there');
  const later: Promise<number>[] = [];
  for (const mark of [3, 4, 5, 6]) {
    later.push(batcher.findAccepted([record(OK, mark)]));
    await turn();
  }
  t.same(crew.sizes, [3], 'a busy one nothing');
  t.match(batcher.stats(), { queued: 4, running: 1 });
  await crew.answer(0);
  t.same(await Promise.all(first), [0, 0, 0]);
  await turn();
  t.same(crew.sizes, [3, 4]);
  t.same([crew.marks(0), crew.marks(1)], [range(3), range(4, 3)], 'in the order they came');
  await crew.answer(1);
  t.same(await Promise.all(later), [0, 0, 0, 0]);
});

t.test('every idle worker takes a batch, and each has one at a time', async (t) => {
  const { crew, batcher } = start(2);
  const all = [batcher.findAccepted([record(OK, 0)])];
  await turn();
  all.push(batcher.findAccepted([record(OK, 1)]));
  await turn();
  all.push(batcher.findAccepted([record(WRONG, 2)]));
  await turn();
  t.same(crew.sizes, [1, 1]);
  await crew.answer(1);
  await turn();
  t.same(crew.marks(2), [2], 'whoever is done first goes on');
  await crew.answer(2);
  await crew.answer(0);
  t.same(await Promise.all(all), [0, 0, -1]);
});

t.test('logins right after a batch wait for the next one, a lone one does not', async (t) => {
  const paceMs = 30;
  const { crew, batcher } = start(2, 1000, paceMs);
  const all = [batcher.findAccepted([record(OK, 0)])];
  await turn();
  t.same(crew.sizes, [1], 'nothing came before it');
  const handedOutMs = performance.now();
  for (const mark of [1, 2, 3]) all.push(batcher.findAccepted([record(OK, mark)]));
  await turn();
  t.same(crew.sizes, [1], 'although a worker is idle');
  while (crew.tasks.length === 1) await turn();
  t.ok(performance.now() - handedOutMs > paceMs - 2, 'until it is time');
  t.same(crew.marks(1), [1, 2, 3]);
  await crew.answer(0);
  await crew.answer(1);
  while (performance.now() - handedOutMs < 3 * paceMs) await turn();
  all.push(batcher.findAccepted([record(OK, 4)]));
  await turn();
  t.same(crew.marks(2), [4], 'one that comes later is alone again');
  await crew.answer(2);
  t.same(await Promise.all(all), [0, 0, 0, 0, 0]);
  const group = range(30).map(() => record(OK));
  const many = range(10).map(() => batcher.findAccepted(group));
  t.equal(crew.sizes[3], 240, 'a full batch waits for nothing');
  await crew.answer(3);
  while (crew.tasks.length === 4) await turn();
  await crew.answer(4);
  t.same(await Promise.all(many), Array(10).fill(0));
});

t.test('each login gets its own answer, whatever the others in the batch get', async (t) => {
  const random = new Seeded('batching');
  const { crew, batcher, reports } = start();
  const groups = range(40).map(() =>
    range(1 + random.int(4)).map(() => record(random.int(3) === 0 ? OK : WRONG)),
  );
  const answers = Promise.all(groups.map((group) => batcher.findAccepted(group)));
  await turn();
  t.equal(crew.tasks.length, 1);
  await crew.answer(0);
  const expected = groups.map((group) => group.findIndex(({ date }) => date === OK));
  t.same(await answers, expected, 'the first of the group that is accepted');
  const records = groups.flat();
  const failures = records.filter(({ date }) => date !== OK).length;
  t.match(batcher.stats(), { batches: 1, records: records.length, failures, runUs: 100, lost: 0 });
  t.match(reports, [{ records: records.length, failures, runUs: 100 }]);
  t.ok(batcher.stats().waitUs > 0 && (reports[0]?.waitUs ?? 0) > 0, 'waiting is measured apart');
});

t.test('a full batch goes at once, and groups are never split', async (t) => {
  const { crew, batcher } = start(2);
  const group = range(30).map(() => record(OK));
  const answers = range(10).map(() => batcher.findAccepted(group));
  t.same(crew.sizes, [240], 'within the same turn, as the ninth did not fit');
  await turn();
  t.same(crew.sizes, [240, 60]);
  await crew.answer(0);
  await crew.answer(1);
  t.same(await Promise.all(answers), Array(10).fill(0));
  await t.rejects(batcher.findAccepted([]), { name: 'RangeError' });
  const tooMany = range(GROUP_RECORDS_MAX + 1).map(() => record(OK));
  await t.rejects(batcher.findAccepted(tooMany), { name: 'RangeError' });
});

t.test('batches grow while failures are rare, and shrink while they are frequent', async (t) => {
  const limit = new BatchLimit();
  t.equal(limit.records, BATCH_RECORDS_MAX);
  const follow = (percent: number) => {
    for (const _ of range(100)) limit.observe(100, percent);
    return limit.records;
  };
  t.equal(follow(0), BATCH_RECORDS_MAX);
  t.ok(Math.abs(follow(1) - 100) <= 1, 'one wrong login a batch at 1 %');
  t.ok(Math.abs(follow(5) - 20) <= 1, 'and at 5 %');
  t.equal(follow(100), BATCH_RECORDS_MIN);
  t.ok(limit.failureRate > 0.99);
  t.equal(follow(0), BATCH_RECORDS_MAX, 'and what is over is forgotten');
  limit.observe(1, 1);
  t.equal(limit.records, BATCH_RECORDS_MAX, 'one wrong login changes nothing');
  limit.observe(10_000, 10_000);
  t.equal(limit.failureRate, 1, 'a batch beyond the memory is all of it');
});

t.test('a batcher follows the failures it sees', async (t) => {
  const { crew, batcher } = start();
  const answers = range(1000).map(() => batcher.findAccepted([record(WRONG)]));
  for (let batch = 0; batch < crew.tasks.length; batch++) {
    await crew.answer(batch);
    await turn();
  }
  t.same([...new Set(await Promise.all(answers))], [-1]);
  t.equal(crew.sizes[0], BATCH_RECORDS_MAX);
  t.equal(crew.sizes.at(-2), BATCH_RECORDS_MIN);
  t.equal(crew.tasks[0]?.failureRate, 0);
  t.equal(crew.tasks[1]?.failureRate, 0.5, 'and tells it to the worker');
});

t.test('the expected wait follows big batches at once, lone records hardly', async (t) => {
  const { crew, batcher } = start();
  const one = async (): Promise<void> => {
    const answer = batcher.findAccepted([record(OK)]);
    await turn();
    await crew.answer(crew.tasks.length - 1);
    await answer;
  };
  const many = () => range(200).map(() => batcher.findAccepted([record(OK)]));
  const waitMs = async (): Promise<number> => {
    const rush = many();
    const expectedMs = batcher.expectedWaitMs;
    await turn();
    await crew.answer(crew.tasks.length - 1);
    await Promise.all(rush);
    return expectedMs;
  };
  for (const _ of range(50)) await one();
  // Each answer of these workers takes 100 µs, whatever it is of.
  t.equal(await waitMs(), (200 * 100) / 1000, 'by what is known: one at a time');
  t.ok((await waitMs()) < 13, 'after one big batch');
  t.ok((await waitMs()) < 8, 'after two');
  for (const _ of range(50)) await one();
  t.ok((await waitMs()) < 12, 'lone ones in between change little');
});

t.test('a full queue refuses at once, loses nothing and has room again', async (t) => {
  const { crew, batcher } = start(1, 5);
  const running = batcher.findAccepted([record(OK)]);
  await turn();
  const queued = range(5).map((mark) => batcher.findAccepted([record(OK, mark)]));
  const refusal = await batcher.findAccepted([record(OK, 9)]).catch((error: unknown) => error);
  t.ok(refusal instanceof PoolError && refusal.reason === 'full', String(refusal));
  t.match(batcher.stats(), { queued: 5, refused: 1 });
  await crew.answer(0);
  t.equal(await running, 0);
  await turn();
  t.same(crew.marks(1), range(5));
  const group = range(GROUP_RECORDS_MAX).map((mark) => record(OK, 100 + mark));
  const whole = batcher.findAccepted(group);
  await t.rejects(batcher.findAccepted([record(OK)]), full, 'a group counts whole');
  await crew.answer(1);
  t.same(await Promise.all(queued), [0, 0, 0, 0, 0]);
  await turn();
  t.same(crew.marks(2), range(GROUP_RECORDS_MAX, 100), 'also across the end of the ring');
  await crew.answer(2);
  t.equal(await whole, 0);
});

t.test('a lost batch is told to each of its logins and to no other', async (t) => {
  const { crew, batcher } = start();
  const lost = [0, 1].map((mark) => batcher.findAccepted([record(OK, mark)]));
  await turn();
  const next = batcher.findAccepted([record(OK, 2)]);
  const rejections = lost.map((login) => t.rejects(login, unavailable));
  await crew.lose(0);
  await Promise.all(rejections);
  await turn();
  await crew.answer(1);
  t.equal(await next, 0);
  t.match(batcher.stats(), { lost: 2, batches: 1, running: 0, queued: 0 });
});

t.test('a worker that dies under a batch is replaced, and its logins are refused', async (t) => {
  const workers = new WorkerPool<VerifyTask, VerifyResult>(BY_DATE, Uint8Array.of(7), {
    threads: 1,
    queueMax: 0,
    tasksPerWorker: 1,
  });
  const batcher = new Batcher(workers, { workers: 1, queueMax: 100, paceMs: 0 });
  const deadly = range(20).map((mark) => batcher.findAccepted([record(mark === 7 ? DEADLY : OK)]));
  await turn();
  const waiting = range(20).map((mark) => batcher.findAccepted([record(mark === 7 ? WRONG : OK)]));
  const outcomes = await Promise.allSettled(deadly);
  t.ok(
    outcomes.every(({ status }) => status === 'rejected'),
    'none is lost in silence',
  );
  t.match((outcomes[0] as PromiseRejectedResult).reason, unavailable);
  t.same(
    await Promise.all(waiting),
    range(20).map((mark) => (mark === 7 ? -1 : 0)),
    'those that waited are checked by its successor',
  );
  t.equal(workers.workersLost, 1);
  await batcher.close();
});

t.test('closing checks what was accepted and refuses the rest', async (t) => {
  const { crew, batcher } = start();
  const running = batcher.findAccepted([record(OK)]);
  await turn();
  const waiting = batcher.findAccepted([record(WRONG)]);
  const closed = batcher.close();
  t.equal(batcher.close(), closed, 'closing twice is closing once');
  await t.rejects(batcher.findAccepted([record(OK)]), unavailable);
  await crew.answer(0);
  await turn();
  t.same(crew.sizes, [1, 1]);
  await closed;
  t.ok(crew.closed, 'the workers end after the last batch was handed out');
  await crew.answer(1);
  t.same(await Promise.all([running, waiting]), [0, -1]);
  const idle = start();
  await idle.batcher.close();
  t.ok(idle.crew.closed);
});

t.test('a record queue gives back the records it was given, in their order', async (t) => {
  const random = new Seeded('queue');
  const queue = new RecordQueue(7);
  const pending: RecordFields[] = [];
  for (const mark of range(300)) {
    const group = range(1 + random.int(3)).map((more) => record(random.int(3), 10 * mark + more));
    if (queue.length + group.length <= 7) {
      queue.push(group);
      pending.push(...group);
    } else {
      t.throws(() => queue.push(group), { name: 'RangeError' });
      const count = 1 + random.int(queue.length);
      const expected = Buffer.concat(pending.splice(0, count).map(buildRecord));
      const taken = queue.take(count);
      t.same(Buffer.from(taken), expected);
      t.equal(taken.buffer.byteLength, expected.length, 'in memory of its own');
    }
    t.equal(queue.length, pending.length);
  }
  const bad = { ...record(OK), hashMpinId: new Uint8Array(31) };
  queue.take(queue.length);
  t.throws(() => queue.push([record(OK), bad]), { name: 'TypeError' });
  t.equal(queue.length, 0, 'a group is added whole or not at all');
});
