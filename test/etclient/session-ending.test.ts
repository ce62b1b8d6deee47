import { describe, expect, test } from 'vitest';
import type { SessionEnd } from '../../src/backed/session-events.ts';
import { EtError } from '../../src/base/errors.ts';
import type { ClientSession } from '../../src/etclient/client-session.ts';
import type { WorkEnd } from '../../src/etclient/exit.ts';
import { type EndingOptions, SessionEnding } from '../../src/etclient/session-ending.ts';
import { BYE } from '../../src/wire/frames.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** A client whose link is there, or was, or never came. */
class Lab {
  readonly clock = new VirtualClock();
  /** Codes of BYE that were said. */
  readonly byes: number[] = [];
  readonly ends: { isEndedThere: boolean; end: WorkEnd }[] = [];
  restored = 0;
  hasTrusted = true;
  hasBeenUp = true;
  readonly ending: SessionEnding;

  constructor(options: Partial<EndingOptions> = {}) {
    const hasBeenUp = (): boolean => this.hasBeenUp;
    const hasTrusted = (): boolean => this.hasTrusted;
    const client = {
      session: {
        isOver: false,
        links: {
          get hasTrusted() {
            return hasTrusted();
          },
          *[Symbol.iterator]() {
            // Nothing waits to be written.
          },
        },
      },
      get hasBeenUp() {
        return hasBeenUp();
      },
      end: (_text: string, code: number) => {
        client.session.isOver = true;
        this.byes.push(code);
      },
    };
    this.ending = new SessionEnding(
      this.clock,
      {
        firstLink: { isNear: false },
        onEnded: (isEndedThere, end) => this.ends.push({ isEndedThere, end }),
        ...options,
      },
      {
        client: () => client as unknown as ClientSession,
        restore: () => {
          this.restored += 1;
        },
      },
    );
  }
}

const leftBy: EndingOptions['leftBy'] = (left, by) => ({
  status: 0,
  left,
  message: `${left} ${by}`,
});
const DETACHED = { status: 0, left: 'detached', message: 'detached ' };

describe('a session whose work can be left', () => {
  test('is left with a BYE that says so, and the work is not over', () => {
    const { ending, byes, ends } = new Lab({ leftBy });
    ending.leave(129);
    expect(byes).toEqual([BYE.detached]);
    expect(ends).toEqual([{ isEndedThere: false, end: { ...DETACHED, status: 129 } }]);
  });

  test('is left without a link too', () => {
    const lab = new Lab({ leftBy });
    lab.hasTrusted = false;
    lab.ending.leave(0);
    expect(lab.ends).toEqual([{ isEndedThere: false, end: DETACHED }]);
  });

  test.each([
    [
      BYE.takenOver,
      'anna@laptop',
      { status: 0, left: 'taken-over', message: 'taken-over anna@laptop' },
    ],
    [BYE.detached, 'whatever', DETACHED],
  ])('is left where the server says so: BYE %i', (code, text, end) => {
    const { ending, ends } = new Lab({ leftBy });
    ending.onSessionEnd({ kind: 'bye', by: 'peer', code, text });
    expect(ends).toEqual([{ isEndedThere: false, end }]);
  });

  test.each<[SessionEnd, boolean]>([
    [{ kind: 'bye', by: 'peer', code: BYE.over, text: 'killed' }, true],
    [{ kind: 'bye', by: 'peer', code: BYE.terminated, text: '' }, true],
    [{ kind: 'failed', error: new EtError('ET_ERR_MESSAGE', 'odd') }, false],
  ])('ends otherwise: %j', (end, isEndedThere) => {
    const { ending, ends } = new Lab({ leftBy });
    ending.onSessionEnd(end);
    expect(ends).toMatchObject([{ isEndedThere, end: { status: 255 } }]);
    expect(ends[0]?.end.left).toBeUndefined();
  });

  test('ends with the work that is over, by an orderly BYE', () => {
    const { ending, byes, ends } = new Lab({ leftBy });
    ending.stop({ status: 3 });
    ending.leave(129);
    expect(byes).toEqual([BYE.over]);
    expect(ends).toEqual([{ isEndedThere: true, end: { status: 3 } }]);
  });

  test('gives the terminal back once', () => {
    const lab = new Lab({ leftBy });
    lab.ending.leave(0);
    lab.ending.stop({ status: 1 });
    lab.ending.abandon({ status: 2 });
    expect(lab.restored).toBe(1);
  });
});

describe('before the first link', () => {
  test('a session that is to begin ends: there is nothing to come back to', () => {
    const lab = new Lab({ leftBy });
    lab.hasBeenUp = false;
    lab.ending.leave(129);
    lab.clock.advance(250);
    expect(lab.byes).toEqual([BYE.over]);
    expect(lab.ends[0]?.end).toEqual({ status: 129 });
  });

  test.each(['leave', 'stop'] as const)('%s ends nothing that ran before', (how) => {
    const lab = new Lab({ leftBy, hasWork: true });
    lab.hasBeenUp = false;
    if (how === 'leave') lab.ending.leave(130);
    else lab.ending.stop({ status: 130 });
    expect(lab.byes).toEqual([BYE.detached]);
    expect(lab.ends).toEqual([{ isEndedThere: false, end: { status: 130 } }]);
    expect(lab.clock.pending).toBe(0);
  });

  test('what is gone is over though it ran before', () => {
    const lab = new Lab({ leftBy, hasWork: true });
    lab.hasBeenUp = false;
    lab.ending.stop({ status: 255, isGone: true }, true);
    expect(lab.ends).toMatchObject([{ isEndedThere: true }]);
  });
});

test('a visitor ends nothing but its visit', () => {
  const { ending, byes } = new Lab({ isVisitor: true, hasWork: true });
  ending.stop({ status: 0 });
  expect(byes).toEqual([BYE.detached]);
});

test('what cannot be left ends: a command without a terminal', () => {
  const { ending, byes, ends } = new Lab();
  ending.leave(143);
  expect(byes).toEqual([BYE.over]);
  expect(ends).toEqual([{ isEndedThere: true, end: { status: 143 } }]);
  const other = new Lab();
  other.ending.onSessionEnd({ kind: 'bye', by: 'peer', code: BYE.detached, text: 'x' });
  expect(other.ends).toMatchObject([
    { end: { status: 255, message: 'the server ended the session: x' } },
  ]);
});
