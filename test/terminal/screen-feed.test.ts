import { describe, expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { PlainRuns } from '../../src/terminal/plain-runs.ts';
import { type Painting, ScreenFeed } from '../../src/terminal/screen-feed.ts';
import type { ScreenModel, ScreenModelOptions } from '../../src/terminal/screen-model.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const HISTORY_BYTES = 64 * 1024 * 1024;
const MEBIBYTE = 1024 * 1024;

/** Says what it was told; it is through with a piece when the test says so. */
class FakeModel {
  readonly told: string[] = [];
  readonly #options: ScreenModelOptions;
  #parsed: (() => void) | undefined;
  isClosed = false;

  constructor(options: ScreenModelOptions) {
    this.#options = options;
    this.told.push(`${options.columns}x${options.rows}`);
  }

  write(bytes: Uint8Array): void {
    this.told.push(
      bytes.length > 100 ? `${bytes.length} bytes` : Buffer.from(bytes).toString('latin1'),
    );
    if (bytes.includes(0x3f)) this.#options.onAnswer?.(utf8('!'));
  }

  whenParsed(): Promise<void> {
    return new Promise((resolve) => {
      this.#parsed = resolve;
    });
  }

  /** It has parsed what it was given. */
  async digest(): Promise<void> {
    this.#parsed?.();
    await turn();
  }

  resize(columns: number, rows: number): void {
    this.told.push(`${columns}x${rows}`);
  }

  paint(): Uint8Array {
    return utf8('painted');
  }

  close(): void {
    this.isClosed = true;
  }
}

async function turn(): Promise<void> {
  for (let index = 0; index < 5; index += 1) await Promise.resolve();
}

class Bed {
  readonly clock = new VirtualClock();
  readonly answers: string[] = [];
  readonly broken: unknown[] = [];
  bytes: Uint8Array = new Uint8Array();
  start = 0;
  retained: number | undefined;
  damagedUpTo = 0;
  model: FakeModel | undefined;
  isLoadable = true;
  /** Whether the output is nothing but lines. */
  isPlain = false;
  loads = 0;
  progress = 0;
  readonly feed: ScreenFeed;

  constructor(historyBytes = HISTORY_BYTES) {
    const start = (): number => this.start;
    const end = (): number => this.bytes.length;
    const runs = new PlainRuns(0, 1000);
    runs.isPlainFrom = () => this.isPlain;
    this.feed = new ScreenFeed({
      clock: this.clock,
      log: {
        get start() {
          return start();
        },
        get end() {
          return end();
        },
        read: (offset, most) => {
          if (offset < this.damagedUpTo) throw new Error('damaged');
          return this.bytes.subarray(offset, offset + most);
        },
        damagedEnd: () => this.damagedUpTo,
        retain: (offset) => {
          this.retained = offset;
        },
      },
      historyBytes,
      runs,
      load: async (options) => {
        this.loads += 1;
        if (!this.isLoadable) throw new Error('no emulator');
        this.model = new FakeModel(options);
        return this.model as unknown as ScreenModel;
      },
      onAnswer: (bytes) => this.answers.push(Buffer.from(bytes).toString()),
      onProgress: () => {
        this.progress += 1;
      },
      onBroken: (error) => this.broken.push(error),
    });
  }

  print(text: string | Uint8Array): void {
    const bytes = typeof text === 'string' ? utf8(text) : text;
    this.bytes = Buffer.concat([this.bytes, bytes]);
    this.feed.onOutput();
  }

  /** Lets the model digest all that comes. */
  async digestAll(): Promise<void> {
    await turn();
    for (let index = 0; index < 10_000 && this.feed.position < this.bytes.length; index += 1) {
      this.clock.advance(0);
      await this.model?.digest();
    }
  }

  get told(): readonly string[] {
    return this.model?.told ?? [];
  }
}

describe('while somebody looks', () => {
  test('little output costs no model, however long it is silent', async () => {
    const bed = new Bed();
    bed.print('x'.repeat(1000));
    bed.clock.advance(3_600_000);
    await turn();
    expect([bed.loads, bed.clock.pending]).toEqual([0, 0]);
  });

  test('much of it is fed in the first pause, and not before', async () => {
    const bed = new Bed();
    for (let index = 0; index < 30; index += 1) {
      bed.print(new Uint8Array(100_000));
      bed.clock.advance(40);
      await turn();
    }
    expect(bed.loads).toBe(0);
    bed.clock.advance(10);
    await bed.digestAll();
    expect([bed.loads, bed.feed.position]).toEqual([1, 3_000_000]);
  });

  test('a model that is there follows in each pause of 50 ms', async () => {
    const bed = new Bed();
    bed.feed.setAlone(0);
    bed.print('a');
    await bed.digestAll();
    bed.feed.setAlone(undefined);
    bed.print('b');
    bed.clock.advance(49);
    await turn();
    expect(bed.told).toEqual(['80x24', 'a']);
    bed.clock.advance(1);
    await bed.digestAll();
    expect(bed.told).toEqual(['80x24', 'a', 'b']);
    expect(bed.clock.pending).toBe(0);
  });

  test('output that comes again interrupts the feeding until the next pause', async () => {
    const bed = new Bed();
    bed.print(new Uint8Array(3 * MEBIBYTE));
    bed.clock.advance(50);
    await turn();
    for (let round = 0; round < 4; round += 1) bed.clock.advance(0);
    await bed.model?.digest();
    const before = bed.feed.position;
    bed.print('x');
    await bed.model?.digest();
    await bed.model?.digest();
    expect(bed.feed.position).toBe(before + 65_536);
    bed.clock.advance(50);
    await bed.digestAll();
    expect(bed.feed.position).toBe(bed.bytes.length);
  });

  test('what is silent because nobody reads it does not pause, until it is read again', async () => {
    const bed = new Bed();
    bed.print(new Uint8Array(3 * MEBIBYTE));
    bed.feed.setHeld(true);
    bed.clock.advance(60_000);
    await turn();
    expect([bed.loads, bed.clock.pending]).toEqual([0, 0]);
    bed.feed.setHeld(false);
    bed.clock.advance(49);
    await turn();
    expect(bed.loads).toBe(0);
    bed.clock.advance(1);
    await bed.digestAll();
    expect(bed.feed.position).toBe(bed.bytes.length);
  });

  test('who asks for the screen is not kept waiting because the program is', async () => {
    const bed = new Bed();
    bed.print('a');
    bed.feed.setHeld(true);
    const painting = bed.feed.paint();
    await bed.digestAll();
    expect(await painting).toMatchObject({ offset: 1 });
  });

  test('a program that never pauses is held up rather than forgotten', async () => {
    const bed = new Bed(4 * MEBIBYTE);
    bed.print(new Uint8Array(2 * MEBIBYTE));
    await turn();
    expect([bed.feed.roomBytes, bed.loads]).toEqual([MEBIBYTE, 0]);
    bed.print(new Uint8Array(MEBIBYTE));
    await turn();
    expect([bed.feed.roomBytes, bed.loads]).toEqual([0, 1]);
    await bed.digestAll();
    expect(bed.feed.roomBytes).toBe(MEBIBYTE);
    bed.clock.advance(50);
    await bed.digestAll();
    expect(bed.feed.roomBytes).toBe(3 * MEBIBYTE);
  });

  test('nothing is answered', async () => {
    const bed = new Bed();
    bed.feed.setAlone(0);
    bed.print('a');
    await bed.digestAll();
    bed.feed.setAlone(undefined);
    bed.print('?');
    bed.clock.advance(50);
    await bed.digestAll();
    expect([bed.answers, bed.feed.answeredAt(1)]).toEqual([
      [],
      { isAnswered: false, until: Number.POSITIVE_INFINITY },
    ]);
  });
});

describe('while nobody looks', () => {
  test('output is fed at once, in pieces, and the log keeps what is not', async () => {
    const bed = new Bed();
    bed.feed.setAlone(0);
    bed.print(new Uint8Array(150_000));
    await turn();
    expect(bed.retained).toBeUndefined();
    await bed.model?.digest();
    expect(bed.retained).toBe(65_536);
    await bed.digestAll();
    expect([bed.retained, bed.told.slice(1)]).toEqual([
      150_000,
      ['65536 bytes', '65536 bytes', '18928 bytes'],
    ]);
  });

  test('plain lines wait for a pause, or until a mebibyte of them has come', async () => {
    const bed = new Bed();
    bed.isPlain = true;
    bed.feed.setAlone(0);
    bed.print('a');
    bed.clock.advance(49);
    await bed.digestAll();
    expect(bed.loads).toBe(0);
    bed.clock.advance(1);
    await bed.digestAll();
    expect(bed.feed.position).toBe(1);
    bed.print(new Uint8Array(MEBIBYTE));
    await turn();
    expect(bed.told).toEqual(['80x24', 'a']);
    bed.print('b');
    await turn();
    expect(bed.told).toEqual(['80x24', 'a', '65536 bytes']);
  });

  test('plain lines that something follows wait no longer', async () => {
    const bed = new Bed();
    bed.isPlain = true;
    bed.feed.setAlone(0);
    bed.print('a');
    await turn();
    expect(bed.loads).toBe(0);
    bed.isPlain = false;
    bed.print('?');
    await bed.digestAll();
    expect([bed.told, bed.answers]).toEqual([['80x24', 'a?'], ['!']]);
  });

  test('a terminal may run 4 MiB ahead of the model', async () => {
    const bed = new Bed();
    bed.feed.setAlone(0);
    bed.print(new Uint8Array(MEBIBYTE));
    expect(bed.feed.roomBytes).toBe(3 * MEBIBYTE);
  });

  test('what no terminal will see is answered, what one has been given is not', async () => {
    const bed = new Bed();
    bed.print('seen?');
    bed.feed.setAlone(5);
    bed.print('unseen?');
    await bed.digestAll();
    expect(bed.told).toEqual(['80x24', 'seen?', 'unseen?']);
    expect(bed.answers).toEqual(['!']);
    expect(bed.feed.answeredAt(0)).toEqual({ isAnswered: false, until: 5 });
    expect(bed.feed.answeredAt(5)).toEqual({ isAnswered: true, until: 12 });
    expect(bed.feed.answeredAt(12)).toEqual({
      isAnswered: false,
      until: Number.POSITIVE_INFINITY,
    });
  });

  test('what is answered is known from the moment on at which it is given to the model', async () => {
    const bed = new Bed();
    bed.feed.setAlone(0);
    bed.print('?');
    await turn();
    expect(bed.feed.answeredAt(0).isAnswered).toBe(true);
  });

  test('stretches that touch are one, and of hundreds no more than 64 are kept apart', async () => {
    const bed = new Bed();
    for (let index = 0; index < 100; index += 1) {
      bed.feed.setAlone(undefined);
      bed.print('seen');
      bed.feed.setAlone(bed.bytes.length);
      bed.print('un');
      await bed.digestAll();
      bed.print('seen');
      await bed.digestAll();
    }
    expect(bed.feed.answeredAt(4)).toEqual({ isAnswered: true, until: 10 });
    expect(bed.feed.answeredAt(10)).toEqual({ isAnswered: false, until: 14 });
    expect(bed.feed.answeredAt(bed.bytes.length - 1).isAnswered).toBe(true);
    // The rest is one stretch.
    expect(bed.feed.answeredAt(700)).toEqual({ isAnswered: true, until: bed.bytes.length });
  });
});

test('stretches that the log has forgotten make room for others', async () => {
  const bed = new Bed();
  for (let index = 0; index < 200; index += 1) {
    bed.feed.setAlone(undefined);
    bed.print('seen');
    bed.feed.setAlone(bed.bytes.length);
    bed.print('un');
    await bed.digestAll();
    bed.start = Math.max(0, bed.bytes.length - 60);
  }
  const end = bed.bytes.length;
  expect(bed.feed.answeredAt(end - 12)).toEqual({ isAnswered: false, until: end - 8 });
  expect(bed.feed.answeredAt(end - 8)).toEqual({ isAnswered: true, until: end - 6 });
});

describe('a painting', () => {
  async function paintingOf(bed: Bed): Promise<Painting> {
    const painting = bed.feed.paint();
    await bed.digestAll();
    return await painting;
  }

  test('shows everything that was there when it was asked for', async () => {
    const bed = new Bed();
    bed.print('first');
    const { bytes, offset } = await paintingOf(bed);
    expect([Buffer.from(bytes).toString(), offset]).toEqual(['painted', 5]);
    expect(bed.told).toEqual(['80x24', 'first']);
  });

  test('of an empty screen is one too', async () => {
    expect((await paintingOf(new Bed())).offset).toBe(0);
  });

  test('waits for no pause', async () => {
    const bed = new Bed();
    bed.print('x');
    const painting = bed.feed.paint();
    bed.print('y');
    await bed.digestAll();
    expect((await painting).offset).toBeGreaterThanOrEqual(1);
  });

  test('rejects where no model can be had, for good, and the log waits for none', async () => {
    const bed = new Bed();
    bed.isLoadable = false;
    bed.retained = 1;
    bed.print('x');
    await expect(bed.feed.paint()).rejects.toThrow('no emulator');
    await expect(bed.feed.paint()).rejects.toThrow('there is no screen model');
    expect([bed.broken.length, bed.retained, bed.feed.roomBytes]).toEqual([
      1,
      undefined,
      Number.POSITIVE_INFINITY,
    ]);
  });

  test('leaves out what cannot be read any more', async () => {
    const bed = new Bed();
    bed.print('damaged and whole');
    bed.damagedUpTo = 12;
    await paintingOf(bed);
    expect(bed.told.filter((each) => each !== '')).toEqual(['80x24', 'whole']);
  });
});

describe('a change of size', () => {
  test('comes behind what was put out before it, and before what comes after', async () => {
    const bed = new Bed();
    bed.feed.resize(100, 30);
    bed.print('before');
    bed.feed.resize(90, 20);
    bed.print('after');
    bed.feed.resize(70, 10);
    bed.feed.setAlone(0);
    await bed.digestAll();
    expect(bed.told).toEqual(['100x30', 'before', '90x20', 'after', '70x10']);
  });

  test('of many at the same place the last one counts', async () => {
    const bed = new Bed();
    bed.print('x');
    for (let index = 0; index < 1000; index += 1) bed.feed.resize(100 + index, 30);
    bed.feed.setAlone(0);
    await bed.digestAll();
    expect(bed.told).toEqual(['80x24', 'x', '1099x30']);
  });
});

test('what the log has forgotten in spite of all is left out', async () => {
  const bed = new Bed();
  bed.print('forgotten, kept');
  bed.start = 11;
  bed.feed.setAlone(0);
  await bed.digestAll();
  expect([bed.told, bed.feed.position]).toEqual([['80x24', 'kept'], 15]);
});

test('closed while the model parses, nothing goes on', async () => {
  const bed = new Bed();
  bed.feed.setAlone(0);
  bed.print(new Uint8Array(100_000));
  await turn();
  bed.feed.close();
  await bed.model?.digest();
  expect([bed.feed.position, bed.progress]).toEqual([0, 0]);
});

test('closed while the model is loading, nothing is left of it', async () => {
  const bed = new Bed();
  bed.feed.setAlone(0);
  bed.print('x');
  bed.feed.close();
  await turn();
  expect([bed.model?.isClosed, bed.clock.pending]).toEqual([true, 0]);
});
