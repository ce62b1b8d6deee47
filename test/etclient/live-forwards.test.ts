import { describe, expect, test } from 'vitest';
import { EtError } from '../../src/base/errors.ts';
import { LiveForwards } from '../../src/etclient/live-forwards.ts';
import { formatListenPlace, type ListenPlace } from '../../src/forward/endpoint.ts';
import type { Forward } from '../../src/forward/forward.ts';
import { ForwardCounters } from '../../src/forward/forward-counters.ts';
import type { ForwardKind, ForwardSpec } from '../../src/forward/forward-spec.ts';

/** Forwards that listen at once, but for those at ports of `failing`; port 0 is chosen to be 4000. */
class FakeForwards {
  readonly live: LiveForwards;
  readonly all: Forward[] = [];

  constructor(failing: readonly number[] = [], gatewayPorts = false) {
    this.live = new LiveForwards({
      set: { find: (kind, place) => this.#find(kind, place), status: () => [] },
      gatewayPorts,
      add: (spec) => {
        const { listen } = spec;
        const isTaken = listen.kind === 'tcp' && failing.includes(listen.port);
        const forward = forwardAt(spec);
        this.all.push(forward);
        return { forward, failure: Promise.resolve(isTaken ? 'it is in use' : undefined) };
      },
      remove: (forward) => this.all.splice(this.all.indexOf(forward), 1),
    });
  }

  get places(): string[] {
    return this.all.map(({ spec, place }) => `${spec.kind} ${formatListenPlace(place)}`);
  }

  #find(kind: ForwardKind, place: ListenPlace): Forward | undefined {
    const wanted = formatListenPlace(place);
    return this.all.find(
      (each) => each.spec.kind === kind && formatListenPlace(each.place) === wanted,
    );
  }
}

function forwardAt(spec: ForwardSpec): Forward {
  const { listen } = spec;
  const nothing = (): void => undefined;
  return {
    spec,
    state: 'listening',
    place: listen.kind === 'tcp' && listen.port === 0 ? { ...listen, port: 4000 } : listen,
    counters: new ForwardCounters(),
    start: nothing,
    attach: nothing,
    detach: nothing,
    close: nothing,
  };
}

test('adds all that a flag asks for, and says where it listens', async () => {
  const forwards = new FakeForwards();
  expect(await forwards.live.add('-t', '8000-8001:80-81,9000:90')).toEqual([
    '8000',
    '8001',
    '9000',
  ]);
  expect(await forwards.live.add('-R', '0:h:80')).toEqual(['4000']);
  expect(await forwards.live.add('-D', '*:1080')).toEqual(['*:1080']);
  const places = 'local 8000|local 8001|local 9000|remote 4000|dynamic *:1080';
  expect(forwards.places).toEqual(places.split('|'));
});

test('adds nothing where a part of it cannot listen', async () => {
  const forwards = new FakeForwards([8001]);
  await expect(forwards.live.add('-t', '8000-8002:80-82')).rejects.toThrow(
    '-t 8000-8002:80-82: it is in use',
  );
  expect(forwards.places).toEqual([]);
});

test.each([
  ['-X', '1', '"-X" asks for no forward: write one of -L, -R, -D, '],
  ['-N', '1', '"-N" asks for no forward'],
  ['-L', '8003', '-L "8003": it lacks a part'],
])('add %s %s is a mistake in the words', async (flag, value, text) => {
  const rejected = await new FakeForwards().live.add(flag, value).catch((error: unknown) => error);
  expect(rejected).toBeInstanceOf(EtError);
  expect(rejected).toMatchObject({
    code: 'ET_ERR_USAGE',
    message: expect.stringContaining(text) as string,
  });
});

test('a port alone is of all addresses where GatewayPorts says so', async () => {
  const forwards = new FakeForwards([], true);
  expect(await forwards.live.add('-L', '8003:h:80')).toEqual(['*:8003']);
  expect(forwards.live.remove('-L', '8003')).toEqual(['*:8003']);
});

describe('removes', () => {
  test.each([
    ['-L', '8003', ['8003']],
    ['-t', '8003', ['8003']],
    ['-L', '8003:h:80', ['8003']],
    ['-L', '127.0.0.1:8004', ['127.0.0.1:8004']],
    ['-L', '8005', ['*:8005']],
    ['-L', '/a/socket', ['/a/socket']],
    ['-R', '9000', ['9000']],
    ['-t', '7000-7001:1-2', ['7000', '7001']],
    ['-r', 'NAME', ['NAME']],
    ['-D', '1080', ['1080']],
    ['--http-proxy', '8080', ['8080']],
    ['-U', '53', ['53']],
  ])('%s %s', async (flag, value, closed) => {
    const forwards = await several();
    const before = forwards.places.length;
    expect(forwards.live.remove(flag, value)).toEqual(closed);
    expect(forwards.places).toHaveLength(before - closed.length);
  });

  test.each([
    ['-R', '8003'],
    ['-L', '8004'],
    ['-L', '9999'],
    ['-L', '9999:h:80'],
    ['-D', '8003'],
  ])('not %s %s, which is not there', async (flag, value) => {
    const forwards = await several();
    const before = forwards.places;
    expect(() => forwards.live.remove(flag, value)).toThrow(`there is no forward ${flag} ${value}`);
    expect(forwards.places).toEqual(before);
  });

  async function several(): Promise<FakeForwards> {
    const forwards = new FakeForwards();
    const { live } = forwards;
    for (const [flag, value] of [
      ['-L', '8003:h:80'],
      ['-L', '127.0.0.1:8004:h:80'],
      ['-L', '*:8005:h:80'],
      ['-L', '/a/socket:h:80'],
      ['-R', '9000:h:80'],
      ['-t', '7000-7001:1-2'],
      ['-r', 'NAME:/x'],
      ['-D', '1080'],
      ['--http-proxy', '8080'],
      ['-U', '53:h:53'],
    ] as const) {
      await live.add(flag, value);
    }
    return forwards;
  }
});
