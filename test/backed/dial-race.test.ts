import { expect, test } from 'vitest';
import { type RaceEntry, raceDials } from '../../src/backed/dial-race.ts';
import type { Patience } from '../../src/backed/reconnect.ts';
import type { DialResult } from '../../src/backed/redialer.ts';
import type { SecureLink } from '../../src/backed/secure-link.ts';
import { EtError } from '../../src/base/errors.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** A road that a test ends as it likes. */
class Road {
  readonly name: string;
  finish: (result: DialResult) => void = () => undefined;
  readonly #log: string[];

  constructor(name: string, log: string[]) {
    this.name = name;
    this.#log = log;
  }

  entry(options: Partial<RaceEntry> = {}): RaceEntry {
    return {
      afterMs: 0,
      timeoutMs: 4000,
      ...options,
      start: (done) => {
        this.#log.push(`${this.name} starts`);
        this.finish = done;
        return { cancel: () => this.#log.push(`${this.name} is cancelled`) };
      },
    };
  }

  fail(noRoute = false): void {
    this.finish({ kind: 'failed', error: new EtError('ET_ERR_DIAL', this.name), noRoute });
  }

  win(): void {
    const link = { reset: () => this.#log.push(`${this.name} is reset`) };
    this.finish({ kind: 'link', link: link as unknown as SecureLink });
  }
}

function race(tcpOptions: Partial<RaceEntry>, sshOptions: Partial<RaceEntry>, patience?: Patience) {
  const clock = new VirtualClock();
  const log: string[] = [];
  const tcp = new Road('tcp', log);
  const ssh = new Road('ssh', log);
  const start = raceDials(clock, [tcp.entry(tcpOptions), ssh.entry(sshOptions)]);
  const running = start((result) => {
    if (result.kind === 'link') log.push('a link');
    else log.push(`${result.error.message}${result.noRoute ? ', no route' : ''}`);
  }, patience);
  return { clock, log, tcp, ssh, running };
}

const LATER = { afterMs: 1500, timeoutMs: 60_000 };

test('the second road starts beside the first after its head start, and the first link wins', () => {
  const { clock, log, tcp, ssh } = race({}, LATER);
  clock.advance(1499);
  expect(log).toEqual(['tcp starts']);
  clock.advance(1);
  ssh.win();
  expect(log).toEqual(['tcp starts', 'ssh starts', 'tcp is cancelled', 'a link']);
  tcp.win();
  expect(log.at(-1)).toBe('tcp is reset');
  expect(clock.pending).toBe(0);
});

test('a road that fails ends the head start of the next, and all failures are told', () => {
  const { clock, log, tcp, ssh } = race({}, LATER);
  tcp.fail();
  ssh.fail();
  expect(log).toEqual(['tcp starts', 'ssh starts', 'tcp; ssh']);
  expect(clock.pending).toBe(0);
});

test('a road that is silent is given up', () => {
  const { clock, log, ssh } = race({}, LATER);
  clock.advance(4000);
  ssh.fail();
  expect(log).toEqual(['tcp starts', 'ssh starts', 'tcp is cancelled', 'no link after 4 s; ssh']);
  expect(clock.pending).toBe(0);
});

test.each([
  ['a race is patient unless it is told to be brief', undefined, 30_000],
  ['a patient race gives its roads more time', 'patient', 30_000],
  ['a brief one gives them less', 'brief', 4000],
] as const)('%s', (_, patience, timeoutMs) => {
  const { clock, log, running } = race({ patientMs: 30_000 }, { timeoutMs: 100 }, patience);
  expect(running.patienceMs).toBe(timeoutMs + 1);
  clock.advance(timeoutMs - 1);
  expect(log).not.toContain('tcp is cancelled');
  clock.advance(1);
  expect(log.at(-1)).toBe(`no link after ${timeoutMs / 1000} s; no link after 0.1 s`);
  expect(clock.pending).toBe(0);
});

test('without a route, a road to the same address is not tried', () => {
  const { clock, log, tcp } = race({}, { ...LATER, sharesRoute: true });
  tcp.fail(true);
  expect(log).toEqual(['tcp starts', 'tcp, no route']);
  expect(clock.pending).toBe(0);
});

test('without a route, a road by way of another host is', () => {
  const { clock, log, tcp, ssh } = race({}, LATER);
  tcp.fail(true);
  ssh.fail();
  expect(log).toEqual(['tcp starts', 'ssh starts', 'tcp; ssh']);
  expect(clock.pending).toBe(0);
});

test('a road that runs already is not given up for want of a route', () => {
  const { log, tcp, ssh } = race({}, { ...LATER, afterMs: 0, sharesRoute: true });
  tcp.fail(true);
  ssh.win();
  expect(log).toEqual(['tcp starts', 'ssh starts', 'a link']);
});

test('a road is tried again while another runs, as often as it may be', () => {
  const { clock, log, tcp, ssh } = race({ againAfterMs: 4000 }, LATER);
  tcp.fail();
  clock.advance(3999);
  expect(log).toEqual(['tcp starts', 'ssh starts']);
  clock.advance(1);
  expect(log.at(-1)).toBe('tcp starts');
  clock.advance(4000);
  expect(log.slice(-2)).toEqual(['tcp is cancelled', 'tcp starts']);
  tcp.win();
  expect(log.slice(-2)).toEqual(['ssh is cancelled', 'a link']);
  ssh.fail();
  expect(clock.pending).toBe(0);
});

test('a road that waits for its next try keeps no race alive', () => {
  const { clock, log, tcp, ssh } = race({ againAfterMs: 4000 }, LATER);
  tcp.fail();
  clock.advance(4000);
  tcp.fail();
  ssh.fail();
  expect(log).toEqual(['tcp starts', 'ssh starts', 'tcp starts', 'tcp; ssh']);
  expect(clock.pending).toBe(0);
});

test('nothing runs or is told once it is cancelled', () => {
  const { clock, log, tcp, running } = race({}, LATER);
  running.cancel();
  tcp.fail();
  expect(log).toEqual(['tcp starts', 'tcp is cancelled']);
  expect(clock.pending).toBe(0);
});

test('a race whose time is up starts nothing more, and waits for what those that run have to say', () => {
  const { clock, log, ssh, running } = race({ againAfterMs: 100 }, { ...LATER, afterMs: 10 });
  clock.advance(5);
  running.expire?.();
  expect(log).toEqual(['tcp starts', 'tcp is cancelled', 'no time was left']);
  expect(clock.pending).toBe(0);

  const slow = new Road('slow', log);
  const start = raceDials(clock, [
    {
      ...slow.entry(),
      start: (done) => ({ ...slow.entry().start(done), expire: () => log.push('asked') }),
    },
    ssh.entry({ afterMs: 10 }),
  ]);
  log.length = 0;
  const later = start((result) => log.push(result.kind === 'failed' ? result.error.message : ''));
  later.expire?.();
  clock.advance(50);
  slow.fail();
  expect(log).toEqual(['slow starts', 'asked', 'slow']);
  expect(clock.pending).toBe(0);
});
