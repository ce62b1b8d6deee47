import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SystemClock } from '../../src/base/clock.ts';
import { lineLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { ClientForwards } from '../../src/etclient/client-forwards.ts';
import { ServerOpens } from '../../src/etclient/server-opens.ts';
import type { ForwardSpec } from '../../src/forward/forward-spec.ts';
import { MuxPair } from '../mux/mux-pair.ts';

const clock = new SystemClock();
let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'client-forwards-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const REMOTE: ForwardSpec = {
  kind: 'remote',
  listen: { kind: 'tcp', bind: 'localhost', port: 8003 },
  target: { kind: 'tcp', host: 'localhost', port: 80 },
  source: '-R 8003:localhost:80',
};

/** A client with these forwards, and a far side that answers each `listen` with what a test says. */
class Lab {
  readonly pair = new MuxPair();
  readonly said: string[] = [];
  readonly fatal: string[] = [];
  readonly forwards: ClientForwards;

  constructor(specs: readonly ForwardSpec[], refusal: string, options = { exitOnFailure: false }) {
    this.pair.onServerOpen = (incoming) => incoming.refuse(8, refusal);
    this.forwards = new ClientForwards(
      {
        clock,
        random: systemRandom,
        logger: lineLogger(
          1,
          () => 0,
          (line) => this.said.push(`log:${line}`),
        ),
        say: (line) => this.said.push(line),
        isAlone: true,
        isQuiet: false,
        isCompressed: false,
        control: { directories: [directory], ownerId: process.getuid?.() ?? 0, pid: 1 },
        onExit: () => undefined,
      },
      {
        specs,
        exitOnFailure: options.exitOnFailure,
        gatewayPorts: false,
        udpIdleMs: 60_000,
        permitRemoteOpen: () => true,
        problems: [],
      },
    );
    this.forwards.start((message) => this.fatal.push(message));
  }

  attach(): void {
    const opens = new ServerOpens();
    this.forwards.set.attach(this.pair.client, opens.serve.bind(opens), 0);
    this.pair.run();
  }
}

const ESCAPES = 'no\u001b]0;owned\u0007\u009b2J\r\nroot# \u202esnigol';
const SHOWN = '-R 8003:localhost:80: no?]0;owned?2J?root# ?snigol';

test('what the far side says of a failure moves no cursor', () => {
  const lab = new Lab([REMOTE], ESCAPES);
  lab.attach();
  expect(lab.said).toEqual([`et: ${SHOWN}`]);
});

test('nor where the failure ends the client', () => {
  const lab = new Lab([REMOTE], ESCAPES, { exitOnFailure: true });
  lab.attach();
  expect(lab.fatal).toEqual([SHOWN]);
});

test('nor where it is told to who has added the forward', async () => {
  const lab = new Lab([], ESCAPES);
  lab.attach();
  const added = lab.forwards.live.add('-R', '8003:localhost:80');
  lab.pair.run();
  await expect(added).rejects.toThrow(SHOWN);
  expect(lab.said).toEqual([]);
});

test('each cause is said once of each forward, and no more than 64 of them', () => {
  const lab = new Lab([REMOTE], '');
  let count = 0;
  lab.pair.onServerOpen = (incoming) => {
    count += 1;
    incoming.refuse(8, `reason ${Math.ceil(count / 2)}`);
  };
  for (let i = 0; i < 200; i += 1) {
    lab.attach();
    lab.forwards.set.detach('again');
  }
  expect(lab.said.slice(0, 2)).toEqual([
    'et: -R 8003:localhost:80: reason 1',
    'et: -R 8003:localhost:80: reason 2',
  ]);
  expect(lab.said.length).toBe(64);
});

test('work that waits for a forward goes on when that is removed', async () => {
  const lab = new Lab([REMOTE], '', { exitOnFailure: true });
  expect(lab.forwards.areSettled).toBe(false);
  lab.forwards.live.remove('-R', '8003');
  expect(lab.forwards.areSettled).toBe(true);
  await lab.forwards.settled;
});
