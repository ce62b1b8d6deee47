import type { Session } from '../../src/backed/session.ts';
import type { LinkCrypto } from '../../src/wire/link-crypto.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { drawQuality } from './draw-quality.ts';
import { FaultSchedule } from './fault-schedule.ts';
import { SimPath } from './sim-path.ts';
import type { SimReport } from './sim-report.ts';
import { type Attached, SimWorld } from './sim-world.ts';
import { Workload, type WorkloadSize } from './workload.ts';

export interface SimOptions {
  readonly trace?: ((line: string) => void) | undefined;
  readonly crypto?: LinkCrypto | undefined;
  /** Every client has `--standby` and two roads at least. Default: none has. */
  readonly hasStandby?: boolean;
}

export interface SimResult {
  readonly seed: number;
  readonly failure: string | undefined;
  readonly virtualMs: number;
  readonly eventCount: number;
  readonly deliveredBytes: number;
  readonly joinCount: number;
  readonly faults: ReadonlyMap<string, number>;
}

/** Once the network is good for this long there must be a link again, in milliseconds. */
const LINKED_AFTER_MS = 75_000;
/** ...and after this long everything must have arrived. */
const DELIVERED_AFTER_MS = 1_200_000;

interface Actor {
  readonly attached: Attached;
  readonly workload: Workload;
  readonly faults: FaultSchedule;
}

/** Plays one seed: clients and a server with channels, over a network that does its worst and then heals. */
export function simulate(seed: number, options: SimOptions = {}): SimResult {
  const random = new SeededRandom(seed);
  const world = new SimWorld({ random, trace: options.trace, crypto: options.crypto });
  const { report, clock } = world;
  const spreadMs = 2000 * 60 ** random.uniform();
  const { hasStandby = false } = options;
  const actors: [Actor, ...Actor[]] = [makeActor(world, 0, spreadMs, hasStandby)];
  if (random.chance(0.15)) actors.push(makeActor(world, 1, spreadMs, hasStandby));
  const [first, ...others] = actors;
  start(first);
  // Whoever resumes has got the root from a client that was there before.
  first.attached.whenServed.push(() => others.forEach(start));
  world.runUntil(spreadMs);
  report.trace('== the network heals');
  for (const { faults } of actors) faults.stop();
  const healedMs = clock.now();
  const isLinked = (): boolean =>
    actors.every(({ attached }) => attached.client.session.links.hasTrusted);
  if (!world.runUntil(healedMs + LINKED_AFTER_MS, isLinked)) report.fail('no link again');
  const isDelivered = (): boolean => actors.every(({ workload }) => workload.isOver);
  world.runUntil(healedMs + DELIVERED_AFTER_MS, isDelivered);
  for (const { workload } of actors) for (const problem of workload.problems) report.fail(problem);
  if (report.failure === undefined) finish(world, actors);
  if (report.failure !== undefined) world.describe();
  return {
    seed,
    failure: report.failure,
    virtualMs: clock.now(),
    eventCount: world.eventCount,
    deliveredBytes: report.deliveredBytes,
    joinCount: actors.reduce((sum, { attached }) => sum + attached.client.joinCount, 0),
    faults: report.counts,
  };
}

function makeActor(world: SimWorld, index: number, spreadMs: number, hasStandby: boolean): Actor {
  const { random } = world;
  const paths = [new SimPath(`tcp${index}`, 'bytes', drawQuality(random))];
  if (random.chance(0.5)) paths.push(new SimPath(`lan${index}`, 'bytes', drawQuality(random)));
  if (random.chance(0.5)) paths.push(new SimPath(`udp${index}`, 'datagrams', drawQuality(random)));
  if (hasStandby && paths.length === 1)
    paths.push(new SimPath(`lte${index}`, 'bytes', drawQuality(random)));
  const first = paths[random.integer(0, paths.length - 1)] as SimPath;
  const attached = world.attach(first, hasStandby ? paths : []);
  const size = {
    channelCount: random.integer(1, 10),
    bytesPerFlow: 300 * 200 ** random.uniform(),
    spreadMs,
  };
  const workload = connectWorkload(world, attached, size);
  const meanGapMs = 300 * 30 ** random.uniform();
  const targets = {
    client: attached.client,
    clientClock: attached.clock,
    server: world.server,
    paths,
  };
  const faults = new FaultSchedule(world, targets, meanGapMs, random.chance(0.1));
  return { attached, workload, faults };
}

function start({ attached, faults }: Actor): void {
  attached.client.own.start();
  faults.start();
}

/** The client opens its channels from the start, the server its own once the client is there. */
function connectWorkload(world: SimWorld, attached: Attached, size: WorkloadSize): Workload {
  const { client, clock, name } = attached;
  const atClient = { mux: client.mux, clock };
  const workload: Workload = new Workload(name, world.random, world.report, size, (key) =>
    client.own.serverOpens.expect('sim', key, (incoming) => workload.answer(atClient, incoming)),
  );
  const ofServer = Math.floor(size.channelCount / 3);
  workload.start(atClient, size.channelCount - ofServer);
  attached.whenServed.push(({ mux }) => {
    const atServer = { mux, clock: world.clock };
    attached.onOpen = (incoming) => workload.answer(atServer, incoming);
    workload.start(atServer, ofServer);
  });
  return workload;
}

/** Everything ends in an orderly way, and nothing is left behind. */
function finish(world: SimWorld, actors: readonly Actor[]): void {
  const { report, random, clock } = world;
  // A link may have died unseen while nothing was on its way; the last word must not be said over it.
  for (const { attached } of actors) attached.client.session.probe();
  world.run(10_000);
  for (const { attached, workload } of actors) {
    expectQuiet(world, attached);
    workload.stop();
    if (random.chance(0.7)) attached.client.own.end('done');
    else attached.server?.session.end(0, 'done');
  }
  world.run(10_000);
  for (const { attached } of actors) {
    if (attached.client.end?.kind !== 'bye') report.fail('the client has not ended');
    if (attached.server?.session.isOver !== true) report.fail('the server has not ended');
  }
  world.server.close();
  world.run(60_000);
  if (clock.pending > 0) report.fail(`${clock.pending} timers left`);
  if (world.network.open.size > 0) report.fail(`${world.network.open.size} carriers left`);
}

/** All channels are over: nothing waits any more. */
function expectQuiet({ report }: SimWorld, { client, server }: Attached): void {
  if (client.end !== undefined) report.fail(`the client's session ended: ${client.end.kind}`);
  expectOneLink(report, client.session, server?.session);
  for (const { mux, session } of server === undefined ? [client] : [client, server]) {
    const where = `at the ${session.role}`;
    if (mux.channelCount > 0) report.fail(`${mux.channelCount} channels left ${where}`);
    if (mux.reservedBytes > 0) report.fail(`${mux.reservedBytes} bytes of credit left ${where}`);
    const { unacknowledgedBytes } = session;
    if (unacknowledgedBytes > 0) report.fail(`${unacknowledgedBytes} bytes retained ${where}`);
    if (session.readers.some(({ heldBytes }) => heldBytes > 0)) report.fail(`bytes held ${where}`);
  }
}

/** Both ends use the same one, unless the server knows better: its own direction of the client's is dead, or not to be relied on. */
function expectOneLink(report: SimReport, client: Session, server: Session | undefined): void {
  const used = client.links.best?.id ?? 0;
  const usedByServer = server?.links.best?.id;
  const atServer = server?.links.get(used);
  const isTrusted = atServer?.isSuspect === false && atServer.doubt.state === 'steady';
  if (isTrusted && used !== usedByServer)
    report.fail(`client uses link ${used}, server ${usedByServer}`);
}
