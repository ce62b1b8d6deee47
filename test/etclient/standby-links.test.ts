import { expect, test } from 'vitest';
import { SimPath } from '../sim/sim-path.ts';
import { type Attached, SimWorld } from '../sim/sim-world.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const NAMES = ['wifi', 'lte', 'ssh'] as const;
const HOUR_MS = 3_600_000;

/** A client with `--standby`, and three roads to its server, of which some answer. */
class Three {
  readonly world: SimWorld = new SimWorld({ random: new SeededRandom(1) });
  readonly wifi: SimPath;
  readonly lte: SimPath;
  readonly ssh: SimPath;
  readonly attached: Attached;

  constructor(prepare: (roads: Three) => void = () => undefined) {
    const [wifi, lte, ssh] = NAMES.map((name) => new SimPath(name, 'bytes', { delayMs: 20 }));
    if (wifi === undefined || lte === undefined || ssh === undefined) throw new Error('no road');
    this.wifi = wifi;
    this.lte = lte;
    this.ssh = ssh;
    prepare(this);
    this.attached = this.world.attach(wifi, [wifi, lte, ssh]);
    this.attached.client.own.start();
    this.run(2000);
  }

  run(ms: number): void {
    this.world.run(ms);
    const { failure } = this.world.report;
    if (failure !== undefined) throw new Error(failure);
  }

  /** The roads that have a trusted link, the one that carries first. */
  get live(): string[] {
    const { links } = this.attached.client.session;
    const others = [...links].filter((link) => link !== links.best);
    const trusted = [links.best, ...others].filter((link) => link?.isSuspect === false);
    return trusted
      .filter((link) => link?.isRetired === false)
      .map((link) => NAMES.find((name) => link?.secure.label.includes(name)) ?? 'none');
  }

  get dials(): number[] {
    return [this.wifi, this.lte, this.ssh].map(({ dialCount }) => dialCount);
  }

  /** What is left behind. */
  end(): object {
    this.attached.client.own.end('done');
    this.run(5000);
    this.world.server.close();
    this.run(120_000);
    return { timers: this.world.clock.pending, carriers: this.world.network.open.size };
  }
}

const NOTHING = { timers: 0, carriers: 0 };

test('there is a link over each of the best two roads, and none is dialled twice', () => {
  const three = new Three();
  expect(three.live).toEqual(['wifi', 'lte']);
  three.run(HOUR_MS);
  expect(three.live).toEqual(['wifi', 'lte']);
  expect(three.dials).toEqual([1, 1, 0]);
  expect(three.end()).toEqual(NOTHING);
});

test('a third road serves while one of the two cannot be had, and gives way to it', () => {
  const three = new Three(({ lte }) => {
    lte.answer = 'ECONNREFUSED';
  });
  three.run(10_000);
  expect(three.live).toEqual(['wifi', 'ssh']);
  three.run(600_000);
  const [, lteDials = 0, sshDials] = three.dials;
  expect(lteDials).toBeGreaterThan(10);
  expect(lteDials).toBeLessThan(16);
  expect(sshDials).toBe(1);
  three.lte.answer = 'accepts';
  three.run(75_000);
  expect(three.live).toEqual(['wifi', 'lte']);
  expect(three.end()).toEqual(NOTHING);
});

test('the best road carries again when it is back, and the standby goes on as one', () => {
  const three = new Three();
  three.wifi.answer = 'silent';
  three.wifi.abandon();
  three.attached.client.session.probe();
  three.run(8000);
  expect(three.live).toEqual(['lte', 'ssh']);
  three.wifi.answer = 'accepts';
  three.run(75_000);
  expect(three.live).toEqual(['wifi', 'lte']);
  expect(three.end()).toEqual(NOTHING);
});

test('a change of the network dials what is missing within a second', () => {
  const three = new Three(({ lte, ssh }) => {
    lte.answer = 'ENETUNREACH';
    ssh.answer = 'ECONNREFUSED';
  });
  three.run(200_000);
  const [, before = 0] = three.dials;
  three.lte.answer = 'accepts';
  three.attached.client.own.onAddressesChange(() => true);
  three.run(1000);
  expect(three.dials[1]).toBe(before + 1);
  expect(three.live).toEqual(['wifi', 'lte']);
  expect(three.end()).toEqual(NOTHING);
});

test('a road that leads nowhere now is left alone for a minute', () => {
  const three = new Three(({ lte, ssh }) => {
    lte.answer = 'ENETUNREACH';
    ssh.answer = 'ENETUNREACH';
  });
  three.run(600_000);
  expect(three.dials).toEqual([1, 11, 11]);
  expect(three.end()).toEqual(NOTHING);
});

test('a road that never answers is dialled once at a time', () => {
  const three = new Three(({ lte, ssh }) => {
    lte.answer = 'silent';
    ssh.answer = 'ECONNREFUSED';
  });
  three.run(200_000);
  expect(three.dials[1]).toBeLessThanOrEqual(4);
  expect(three.end()).toEqual(NOTHING);
});

test('without any link alive only the redialer dials', () => {
  const three = new Three();
  for (const road of [three.wifi, three.lte, three.ssh]) {
    road.answer = 'silent';
    road.abandon();
  }
  three.attached.client.session.probe();
  three.run(10_000);
  const [wifi = 0, ...others] = three.dials;
  three.run(60_000);
  expect(three.dials[0]).toBeGreaterThan(wifi + 5);
  expect(three.dials.slice(1)).toEqual(others);
  for (const road of [three.wifi, three.lte, three.ssh]) road.answer = 'accepts';
  three.run(10_000);
  expect(three.live).toEqual(['wifi', 'lte']);
  expect(three.end()).toEqual(NOTHING);
});

test('links that are a day old are replaced, each over its own road', () => {
  const three = new Three();
  three.run(24 * HOUR_MS + 60_000);
  expect(three.live).toEqual(['wifi', 'lte']);
  expect(three.dials).toEqual([2, 2, 0]);
  expect(three.end()).toEqual(NOTHING);
});

test('of roads by one way one is enough, and the second link goes by another', () => {
  const roads = new Three((three) => {
    three.lte.way = three.wifi.way;
  });
  roads.run(10_000);
  expect(roads.live).toEqual(['wifi', 'ssh']);
  expect(roads.dials[1]).toBe(0);
  roads.wifi.answer = 'silent';
  roads.wifi.abandon();
  roads.run(10_000);
  expect(roads.live).toEqual(['lte', 'ssh']);
  expect(roads.end()).toEqual(NOTHING);
});

test('of roads that all go one way two are kept', () => {
  const roads = new Three((three) => {
    for (const road of [three.wifi, three.lte, three.ssh]) road.way = 'one';
  });
  roads.run(10_000);
  expect(roads.live).toEqual(['wifi', 'lte']);
  expect(roads.end()).toEqual(NOTHING);
});
