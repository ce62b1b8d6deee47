import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_RECONNECT, type Patience } from '../../src/backed/reconnect.ts';
import { type DialResult, Redialer, type RunningDial } from '../../src/backed/redialer.ts';
import { SecureLink } from '../../src/backed/secure-link.ts';
import { EtError } from '../../src/base/errors.ts';
import { recordCipher } from '../../src/crypto/record-cipher.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { LINK_ID } from './link-id.ts';
import { RecordingCarrier } from './recording-carrier.ts';
import { pattern } from './stream-script.ts';

/** A dial in progress, in the hand of the test. */
interface Dialing {
  readonly atMs: number;
  readonly done: (result: DialResult) => void;
  readonly patience: Patience | undefined;
  isCancelled: boolean;
}

let clock: VirtualClock;
let dials: Dialing[];
let links: number[];
let failures: string[];
let redialer: Redialer;
let patienceMs: number | undefined;

beforeEach(reset);

function reset(): void {
  clock = new VirtualClock();
  dials = [];
  links = [];
  failures = [];
  patienceMs = undefined;
  redialer = new Redialer(clock, new SeededRandom(1), DEFAULT_RECONNECT, startDial, {
    onLink: (link) => links.push(link.id),
    onFail: (error, count) => failures.push(`${error.code} ${count}`),
  });
}

function startDial(done: (result: DialResult) => void, patience?: Patience): RunningDial {
  const dialing: Dialing = { atMs: clock.now(), done, patience, isCancelled: false };
  dials.push(dialing);
  const cancel = (): void => {
    dialing.isCancelled = true;
  };
  return patienceMs === undefined ? { cancel } : { cancel, patienceMs };
}

function newLink(id: number): { readonly link: SecureLink; readonly carrier: RecordingCarrier } {
  const carrier = new RecordingCarrier();
  const keys = {
    linkId: LINK_ID,
    sealer: recordCipher.newSealer(pattern(32)),
    opener: recordCipher.newOpener(pattern(32)),
  };
  return { link: new SecureLink(id, carrier, keys, 1), carrier };
}

const refused: DialResult = {
  kind: 'failed',
  error: new EtError('ET_ERR_DIAL', 'refused'),
  noRoute: false,
};

const atMs = (): number[] => dials.map((dial) => dial.atMs);

test('dials beside older attempts, and the first link ends the others', () => {
  redialer.onKey();
  redialer.onLost();
  clock.advance(800);
  expect(atMs()).toEqual([0, 250, 750]);
  dials[1]?.done({ kind: 'link', link: newLink(2).link });
  expect(links).toEqual([2]);
  expect(dials.map(({ isCancelled }) => isCancelled)).toEqual([true, false, true]);
  expect(clock.pending).toBe(0);
});

test('an attempt that does not answer is dropped after four seconds, a patient one after thirty', () => {
  redialer.onKey();
  redialer.onLost();
  clock.advance(4249);
  expect(dials.slice(0, 3).map((dial) => dial.patience)).toEqual(['patient', 'brief', 'brief']);
  expect(dials[1]?.isCancelled).toBe(false);
  clock.advance(1);
  expect(dials[1]?.isCancelled).toBe(true);
  expect(dials[2]?.isCancelled).toBe(false);
  clock.advance(29_999 - 4250);
  expect(dials[0]?.isCancelled).toBe(false);
  clock.advance(1);
  expect(dials[0]?.isCancelled).toBe(true);
  expect(failures).toEqual([]);
  redialer.stop();
  expect(clock.pending).toBe(0);
});

describe('a patient attempt that is late', () => {
  beforeEach(() => {
    redialer.onSuspect();
    clock.advance(4000);
  });

  test('lets the next one begin beside a silent link as if it had failed', () => {
    expect(dials[0]?.patience).toBe('patient');
    clock.advance(1000);
    expect(atMs()).toEqual([0, 5000]);
    expect(dials[0]?.isCancelled).toBe(false);
    redialer.stop();
    expect(clock.pending).toBe(0);
  });

  test('moves no other attempt when it fails in the end, and the failure is told', () => {
    const { nextAtMs } = redialer.state;
    clock.advance(500);
    dials[0]?.done(refused);
    expect(redialer.state.nextAtMs).toBe(nextAtMs);
    expect(failures).toEqual(['ET_ERR_DIAL 1']);
    redialer.stop();
    expect(clock.pending).toBe(0);
  });

  test('wins all the same, and ends the younger ones', () => {
    clock.advance(1500);
    dials[0]?.done({ kind: 'link', link: newLink(1).link });
    expect(links).toEqual([1]);
    expect(dials[1]?.isCancelled).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test('does not hide that there is no route for the others', () => {
    redialer.onLost();
    dials[1]?.done({ ...refused, noRoute: true });
    expect(redialer.state.isBlocked).toBe(true);
    redialer.stop();
  });
});

test('an attempt over several roads has the time that it asks for', () => {
  patienceMs = 9000;
  redialer.onLost();
  clock.advance(8999);
  expect(dials[0]?.isCancelled).toBe(false);
  clock.advance(1);
  expect(dials[0]?.isCancelled).toBe(true);
  redialer.stop();
});

test('failures are counted until there is a link', () => {
  redialer.onKey();
  redialer.onLost();
  for (let i = 0; i < 3; i += 1) {
    dials[i]?.done(refused);
    clock.advance(1000);
  }
  expect(failures).toEqual(['ET_ERR_DIAL 1', 'ET_ERR_DIAL 2', 'ET_ERR_DIAL 3']);
  dials[dials.length - 1]?.done({ kind: 'link', link: newLink(1).link });
  clock.advance(5000);
  redialer.onLost();
  dials[dials.length - 1]?.done(refused);
  expect(failures[3]).toBe('ET_ERR_DIAL 1');
  redialer.stop();
  expect(clock.pending).toBe(0);
});

test('a dial that fails before it has begun is followed by the next, after the wait', () => {
  const eager = new Redialer(
    clock,
    new SeededRandom(1),
    DEFAULT_RECONNECT,
    (done, patience) => {
      dials.push({ atMs: clock.now(), done, patience, isCancelled: false });
      done(refused);
      return { cancel: () => undefined };
    },
    { onLink: () => undefined, onFail: (_, count) => failures.push(`${count}`) },
  );
  eager.onKey();
  eager.onLost();
  clock.advance(2000);
  expect(atMs()).toEqual([0, 250, 750, 1750]);
  expect(failures).toEqual(['1', '2', '3', '4']);
  eager.stop();
  expect(clock.pending).toBe(0);
});

test('a result that comes after its attempt was dropped is not counted', () => {
  redialer.onLost();
  clock.advance(30_000);
  const before = failures.length;
  expect(dials[0]?.isCancelled).toBe(true);
  dials[0]?.done(refused);
  expect(failures.length).toBe(before);
  redialer.stop();
});

describe('stopping', () => {
  test('cancels what is on its way and leaves no timer', () => {
    redialer.onLost();
    clock.advance(300);
    redialer.stop();
    expect(dials.every(({ isCancelled }) => isCancelled)).toBe(true);
    expect(clock.pending).toBe(0);
    redialer.onLost();
    redialer.onKey();
    redialer.nudge();
    expect(dials.length).toBe(2);
  });

  test('ends a link that comes all the same', () => {
    redialer.onLost();
    redialer.stop();
    const { link, carrier } = newLink(1);
    dials[0]?.done({ kind: 'link', link });
    expect(links).toEqual([]);
    expect(carrier.state).toBe('reset');
  });
});

test('a key dials at once while a link is wanted, and is nothing otherwise', () => {
  redialer.onKey();
  expect(dials.length).toBe(0);
  clock.advance(DEFAULT_RECONNECT.attendedForMs);
  expect(redialer.isAttended).toBe(false);
  redialer.onLost();
  clock.advance(400_000);
  const before = dials.length;
  redialer.onKey();
  expect(redialer.isAttended).toBe(true);
  expect(dials.length - before).toBeLessThanOrEqual(1);
  clock.advance(1000);
  expect(dials.length - before).toBeGreaterThanOrEqual(1);
  redialer.stop();
});

test('whatever is pressed, and however the link went, two patient attempts and eight others are all there is', () => {
  const steps = fc.array(
    fc.tuple(fc.constantFrom('key', 'key', 'nudge', 'lost'), fc.integer({ min: 1, max: 3000 })),
    { maxLength: 100 },
  );
  fc.assert(
    fc.property(steps, (all) => {
      reset();
      redialer.onSuspect();
      let isLost = false;
      for (const [what, afterMs] of all) {
        clock.advance(afterMs);
        if (what === 'key') redialer.onKey();
        else if (what === 'nudge') redialer.nudge();
        else if (!isLost) redialer.onLost();
        isLost ||= what === 'lost';
        const alive = dials.filter(({ isCancelled }) => !isCancelled);
        const patientCount = alive.filter(({ patience }) => patience === 'patient').length;
        expect(patientCount).toBeLessThanOrEqual(2);
        expect(alive.length - patientCount).toBeLessThanOrEqual(8);
      }
      redialer.stop();
      expect(clock.pending).toBe(0);
    }),
  );
});

test('a silent link that is heard of again ends the dial beside it', () => {
  redialer.onSuspect();
  expect(dials.length).toBe(1);
  redialer.onRevived();
  expect(dials[0]?.isCancelled).toBe(true);
  expect(redialer.state.kind).toBe('content');
  expect(clock.pending).toBe(0);
});

test('a day offline leaves at most a few attempts at a time, and no more timers than those', () => {
  redialer.onLost();
  for (let hour = 0; hour < 24; hour += 1) {
    clock.advance(3_600_000);
    const alive = dials.filter(({ isCancelled }) => !isCancelled).length;
    expect(alive).toBeLessThanOrEqual(4);
    expect(clock.pending).toBeLessThanOrEqual(alive + 1);
  }
  redialer.stop();
  expect(clock.pending).toBe(0);
});
