import type { Clock } from '../../src/base/clock.ts';
import type { RandomSource } from '../../src/base/random.ts';
import type { Carrier } from '../../src/link/carrier.ts';
import { MemoryBytePipe } from './memory-byte-pipe.ts';
import { MemoryCarrier } from './memory-carrier.ts';
import { MemoryDatagramPipe } from './memory-datagram-pipe.ts';
import type { LinkFaults } from './memory-faults.ts';

export type Direction = 'aToB' | 'bToA';
export type Directions = Direction | 'both';

/** Who learns of a cut first, and how much later the other does, in milliseconds. */
export interface CutOrder {
  readonly first: 'a' | 'b' | 'both';
  readonly lagMs: number;
}

export interface MemoryPairOptions {
  /** A virtual one: nothing happens but in its timers. */
  readonly clock: Clock;
  /** A seeded one: the same seed and the same calls give the same events. */
  readonly random: RandomSource;
  readonly kind: Carrier['kind'];
  readonly aToB?: LinkFaults;
  readonly bToA?: LinkFaults;
  /** How a cut by `cutAfterBytes` is told. Default: both at once. */
  readonly cutOrder?: CutOrder;
  readonly label?: string;
  /** Datagrams only: the largest that either end takes for worth trying. */
  readonly maxDatagramBytes?: number;
  /** Datagrams only: told the length of each that is sent. */
  readonly onDatagram?: (bytes: number) => void;
  readonly aAddress?: string;
  readonly bAddress?: string;
}

/** Two carriers joined in memory, and a hand on the wire. */
export interface MemoryPair {
  readonly a: Carrier;
  readonly b: Carrier;
  /** Changes faults from here on; those not named stay. */
  readonly set: (directions: Directions, faults: LinkFaults) => void;
  /** Loses everything under way and ends both carriers with an error. Default: both at once. */
  readonly cut: (order?: CutOrder) => void;
  /** Freezes the wire: nothing moves, nothing is lost. */
  readonly hold: (directions: Directions) => void;
  /** Lets it move again. Ends a black hole of datagrams, but not of bytes. */
  readonly release: (directions: Directions) => void;
  /** Swallows everything, without a sign to either end. */
  readonly blackHole: (directions: Directions) => void;
  /** Bytes passed up so far. */
  readonly deliveredBytes: (direction: Direction) => number;
}

const AT_ONCE: CutOrder = { first: 'both', lagMs: 0 };

export function makeMemoryPair(options: MemoryPairOptions): MemoryPair {
  const { clock, random, kind, cutOrder = AT_ONCE, label = 'memory' } = options;
  const makePipe = (receiver: () => MemoryCarrier): MemoryBytePipe | MemoryDatagramPipe =>
    kind === 'bytes'
      ? new MemoryBytePipe(clock, random, receiver, () => cut(cutOrder))
      : new MemoryDatagramPipe(clock, random, receiver, options.onDatagram);
  const aToB = makePipe(() => b);
  const bToA = makePipe(() => a);
  const pipes = { aToB: [aToB], bToA: [bToA], both: [aToB, bToA] } as const;
  const identity = (end: string, localAddress: string | undefined) => ({
    kind,
    label: `${label} ${end}`,
    localAddress,
    maxDatagramBytes: options.maxDatagramBytes,
  });
  const a = new MemoryCarrier(clock, identity('a', options.aAddress), aToB, () => bToA.arm());
  const b = new MemoryCarrier(clock, identity('b', options.bAddress), bToA, () => aToB.arm());
  if (options.aToB !== undefined) aToB.set(options.aToB);
  if (options.bToA !== undefined) bToA.set(options.bToA);

  const cut = ({ first, lagMs }: CutOrder): void => {
    aToB.sever();
    bToA.sever();
    clock.schedule(first === 'b' ? lagMs : 0, () => a.deliverEnd('cut'));
    clock.schedule(first === 'a' ? lagMs : 0, () => b.deliverEnd('cut'));
  };

  return {
    a,
    b,
    set: (directions, faults) => {
      for (const pipe of pipes[directions]) pipe.set(faults);
    },
    cut: (order = AT_ONCE) => cut(order),
    hold: (directions) => {
      for (const pipe of pipes[directions]) pipe.hold();
    },
    release: (directions) => {
      for (const pipe of pipes[directions]) pipe.release();
    },
    blackHole: (directions) => {
      for (const pipe of pipes[directions]) pipe.blackHole();
    },
    deliveredBytes: (direction) => pipes[direction][0].deliveredBytes,
  };
}
