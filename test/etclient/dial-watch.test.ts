import { expect, test } from 'vitest';
import { EtError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { ClientIo } from '../../src/etclient/client-io.ts';
import { DialWatch } from '../../src/etclient/dial-watch.ts';
import type { WorkEnd } from '../../src/etclient/exit.ts';
import type { Aliveness } from '../../src/etclient/gone-check.ts';
import type { RunningSession } from '../../src/etclient/run-session.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const REFUSED = new EtError('ET_ERR_LINK_REFUSED', 'the server refused the hello');
const SILENT = new EtError('ET_ERR_LINK_TIMEOUT', 'no answer');

class Lab {
  readonly clock = new VirtualClock();
  readonly log: string[] = [];
  readonly ends: WorkEnd[] = [];
  hasBeenUp = false;
  readonly watch: DialWatch;

  constructor(isKept: boolean, answer: Aliveness, isStanding = false) {
    const hasBeenUp = (): boolean => this.hasBeenUp;
    const running = {
      client: {
        get hasBeenUp() {
          return hasBeenUp();
        },
      },
      stop: (end: WorkEnd, isGone?: boolean) => {
        this.log.push(`stop ${isGone}`);
        this.ends.push(end);
      },
      abandon: (end: WorkEnd) => {
        this.log.push('abandon');
        this.ends.push(end);
      },
    } as unknown as RunningSession;
    const io = { say: (line: string) => this.log.push(line) } as unknown as ClientIo;
    this.watch = new DialWatch(
      { clock: this.clock, logger: silentLogger, io },
      { ask: () => Promise.resolve(answer), isKept, isStanding, running: () => running },
    );
  }

  async refuse(times = 3): Promise<void> {
    for (let i = 0; i < times; i += 1) {
      this.watch.onDialFailed(REFUSED);
      for (let turn = 0; turn < 4; turn += 1) await Promise.resolve();
    }
  }
}

test('kept credentials that are refused while the session lives are given up, without a word', async () => {
  const lab = new Lab(true, { kind: 'alive' });
  await lab.refuse(2);
  expect(lab.log).toEqual([]);
  await lab.refuse(1);
  expect(lab.log).toEqual(['abandon']);
  expect(lab.ends).toEqual([{ status: 255, isReplaced: true }]);
  expect(lab.clock.pending).toBe(0);
});

test('so they are where nobody can be asked without a person', async () => {
  const lab = new Lab(true, { kind: 'unknown' });
  await lab.refuse();
  expect(lab.log).toEqual(['abandon']);
});

test('so they are at the first refusal by a server of ours, though other roads are still tried; not at a closed port', () => {
  const lab = new Lab(true, { kind: 'alive' });
  lab.watch.onRoadFailed(SILENT);
  lab.watch.onRoadFailed(new EtError('ET_ERR_DIAL', 'tcp: refused'));
  expect(lab.log).toEqual([]);
  lab.watch.onRoadFailed(new EtError('ET_ERR_DIAL', 'tcp', { cause: REFUSED }));
  expect(lab.log).toEqual(['abandon']);
  const begun = new Lab(false, { kind: 'alive' });
  begun.watch.onRoadFailed(REFUSED);
  expect(begun.log).toEqual([]);
});

test('so they are after 10 s in which no road led there', () => {
  const lab = new Lab(true, { kind: 'alive' });
  lab.watch.onDialFailed(SILENT);
  lab.clock.advance(9999);
  expect(lab.log).toEqual([]);
  lab.clock.advance(1);
  expect(lab.ends).toEqual([{ status: 255, isReplaced: true }]);
});

test('once there was a link they are good: later refusals end nothing', async () => {
  const lab = new Lab(true, { kind: 'alive' });
  lab.hasBeenUp = true;
  lab.watch.onLink();
  await lab.refuse(20);
  lab.clock.advance(60_000);
  expect(lab.log).toEqual([]);
});

test.each([
  [undefined, 'the session is gone: its server has ended'],
  ['it ended 3 h ago: killed', 'the session is gone: it ended 3 h ago: killed'],
])('what the host says is gone is over, with its reason: %s', async (why, message) => {
  const lab = new Lab(true, { kind: 'gone', why });
  await lab.refuse();
  expect(lab.log).toEqual(['stop true']);
  expect(lab.ends).toMatchObject([{ status: 255, isGone: true, message }]);
});

test('a session that has just begun is tried for ever: why there is no link is said once, and when there is news', async () => {
  const lab = new Lab(false, { kind: 'alive' });
  lab.watch.onDialFailed(SILENT);
  lab.watch.onDialFailed(SILENT);
  await lab.refuse(30);
  lab.clock.advance(60_000);
  expect(lab.log).toEqual([
    'et: no answer; still trying',
    'et: the server refused the hello; still trying',
  ]);
});

test('that nobody can tell is said before the first link, or where no title could say it', async () => {
  const text = 'et: ssh would have to ask you whether the session still lives; still trying';
  const trying = new Lab(false, { kind: 'unknown' });
  await trying.refuse();
  expect(trying.log).toContain(text);
  const up = new Lab(false, { kind: 'unknown' });
  up.hasBeenUp = true;
  await up.refuse();
  expect(up.log).toEqual([]);
  const standing = new Lab(false, { kind: 'unknown' }, true);
  standing.hasBeenUp = true;
  await standing.refuse();
  expect(standing.log).toEqual([text]);
});
