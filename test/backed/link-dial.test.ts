import { expect, test } from 'vitest';
import { ClientKeys } from '../../src/backed/client-keys.ts';
import { linkDial } from '../../src/backed/link-dial.ts';
import { EtError } from '../../src/base/errors.ts';
import type { Carrier } from '../../src/link/carrier.ts';
import { attemptTimedOut, DialFailure } from '../../src/link/dial-failure.ts';
import { fakeLinkCrypto } from '../support/fake-link-crypto.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i += 1) await Promise.resolve();
}

/** A dial that the test ends; `isTelling`: it says at once what it has tried, when it is given up. */
function world(isTelling: boolean, more: { readonly handshakeMs?: number } = {}) {
  const clock = new VirtualClock();
  const log: string[] = [];
  let connect: (carrier: Carrier) => void = () => undefined;
  const options = {
    clock,
    crypto: fakeLinkCrypto(new SeededRandom(1)),
    context: { sessionId: new Uint8Array(16), protocol: 1, features: [] },
    routeId: () => new Uint8Array(16),
    instance: new Uint8Array(16),
    keys: ClientKeys.fromRoot(new Uint8Array(32)),
    isNoRoute: () => false,
    ...more,
  };
  const start = linkDial(
    options,
    (signal) =>
      new Promise((resolve, reject) => {
        connect = resolve;
        signal.addEventListener('abort', () => {
          log.push('aborted');
          if (isTelling) reject(new DialFailure([attemptTimedOut('tcp 10.0.0.5:1', clock.now())]));
        });
      }),
    'ssh',
  );
  const dial = start((result) => {
    log.push(result.kind === 'failed' ? `${result.error.code} ${result.error.message}` : 'a link');
  });
  const connected = async (): Promise<void> => {
    const carrier = {
      kind: 'bytes',
      label: 'tcp 10.0.0.5:1',
      start: () => log.push('hello'),
      write: () => undefined,
      reset: () => log.push('reset'),
    };
    connect(carrier as unknown as Carrier);
    await settle();
  };
  return { clock, log, dial, connected };
}

test('a dial whose time is up tells what it has tried', async () => {
  const { clock, log, dial } = world(true);
  clock.advance(3000);
  dial.expire?.();
  dial.expire?.();
  await settle();
  expect(log).toEqual(['aborted', 'ET_ERR_DIAL tcp 10.0.0.5:1 timed out after 3 s']);
  expect(clock.pending).toBe(0);
});

test('one that cannot tell is not waited for, and a carrier that comes later is reset', async () => {
  const { clock, log, dial, connected } = world(false);
  clock.advance(60_000);
  dial.expire?.();
  await settle();
  clock.advance(0);
  expect(log).toEqual(['aborted', 'ET_ERR_LINK_TIMEOUT ssh timed out after 60 s']);
  await connected();
  expect(log.slice(2)).toEqual(['reset']);
  expect(clock.pending).toBe(0);
});

test('within the handshake it says so, and the carrier ends', async () => {
  const { clock, log, dial, connected } = world(false);
  await connected();
  clock.advance(4000);
  dial.expire?.();
  expect(log.slice(0, 1)).toEqual(['hello']);
  expect(log.slice(1).toSorted()).toEqual([
    'ET_ERR_LINK_TIMEOUT tcp 10.0.0.5:1: no answer to the hello after 4 s',
    'aborted',
    'reset',
  ]);
  expect(clock.pending).toBe(0);
});

test('after it is cancelled nothing is told', async () => {
  for (const isTelling of [true, false]) {
    const { clock, log, dial, connected } = world(isTelling);
    if (!isTelling) dial.expire?.();
    dial.cancel();
    dial.expire?.();
    await settle();
    clock.advance(10);
    await connected();
    expect(log.filter((line) => line !== 'aborted' && line !== 'reset')).toEqual([]);
    expect(clock.pending).toBe(0);
  }
});

test('a failure of its own is told as it is', async () => {
  const clock = new VirtualClock();
  const error = new EtError('ET_ERR_DIAL', 'ssh: no');
  const told: unknown[] = [];
  const options = {
    clock,
    crypto: fakeLinkCrypto(new SeededRandom(1)),
    context: { sessionId: new Uint8Array(16), protocol: 1, features: [] },
    routeId: () => new Uint8Array(16),
    instance: new Uint8Array(16),
    keys: ClientKeys.fromRoot(new Uint8Array(32)),
    isNoRoute: (thrown: unknown) => thrown === error,
  };
  linkDial(options, () => Promise.reject(error))((result) => told.push(result));
  await settle();
  expect(told).toEqual([{ kind: 'failed', error, noRoute: true }]);
});

test('an answer may take 10 s from the hello, or what the options say', async () => {
  for (const [options, lastsMs] of [
    [{}, 10_000],
    [{ handshakeMs: 30_000 }, 30_000],
  ] as const) {
    const { clock, log, connected } = world(false, options);
    await connected();
    clock.advance(lastsMs - 1);
    expect(log).toEqual(['hello']);
    clock.advance(1);
    expect(log.slice(1)).toEqual(['reset', expect.stringContaining('ET_ERR_LINK_TIMEOUT')]);
    expect(clock.pending).toBe(0);
  }
});
