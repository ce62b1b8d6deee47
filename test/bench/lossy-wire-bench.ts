import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROJECT_ROOT } from '../support/project-root.ts';
import type { LossyFindings, LossySettings } from './lossy-bench.ts';
import { KEY_GAP_MS, SETTLE_MS, WARM_KEYS } from './lossy-keys-bench.ts';
import { LossyLabs, type ToolLab } from './lossy-labs.ts';
import { lossyRow } from './lossy-row.ts';
import { median } from './quantile.ts';
import { atMost } from './targets.ts';

const SNIFFER = join(PROJECT_ROOT, 'test', 'bench', 'lossy-sniff.py');
const NETWORK = '50 ms RTT, no loss, each packet counted';
const DRAIN_MS = 5000;

interface Packet {
  readonly isOut: boolean;
  readonly bytes: number;
}

interface WireCost {
  readonly largestOut: number;
  readonly largestBack: number;
  readonly allOut: number;
  readonly allBack: number;
}

/** What one key costs where nothing is lost: the largest packet from one key to the next, which carries it, and all of them; medians. */
export async function lossyWireBench(settings: LossySettings): Promise<LossyFindings> {
  const labs = await LossyLabs.up(settings, ['delay=25']);
  try {
    const found = await labs.together((lab) => costIn(lab, settings.quick ? 40 : 200));
    const rowOf = (measure: string, limit: number, value: (of: WireCost) => number) => {
      const values = new Map([...found].map(([tool, cost]) => [tool, value(cost)]));
      return lossyRow({ network: NETWORK, measure, unit: 'B', values, target: atMost(limit) });
    };
    const rows = [
      rowOf('the packet with the key', 120, ({ largestOut }) => largestOut),
      rowOf('all packets of a key, to the host', 160, ({ allOut }) => allOut),
      rowOf('the packet with the echo', 120, ({ largestBack }) => largestBack),
      rowOf('all packets of a key, from the host', 160, ({ allBack }) => allBack),
    ];
    return { rows, curves: [] };
  } finally {
    await labs.stop();
  }
}

async function costIn(lab: ToolLab, keys: number): Promise<WireCost> {
  const { typist, close } = await lab.openEcho();
  await sleep(SETTLE_MS);
  await typist.typeSteadily({ keys: WARM_KEYS, gapMs: KEY_GAP_MS, drainMs: DRAIN_MS });
  const sniffer = await Sniffer.start(lab);
  const ofKeys: Packet[][] = [];
  const before = async (): Promise<void> => {
    ofKeys.push(sniffer.take());
    await Promise.resolve();
  };
  await typist.typeSteadily({ keys, gapMs: KEY_GAP_MS, drainMs: DRAIN_MS, before });
  sniffer.stop();
  await close();
  // What stood before the first key belongs to none.
  const counted = ofKeys.slice(1);
  const figure = (isOut: boolean, of: (bytes: readonly number[]) => number): number =>
    median(counted.map((packets) => of(bytesOf(packets, isOut))));
  return {
    largestOut: figure(true, (bytes) => Math.max(0, ...bytes)),
    largestBack: figure(false, (bytes) => Math.max(0, ...bytes)),
    allOut: figure(true, sum),
    allBack: figure(false, sum),
  };
}

function bytesOf(packets: readonly Packet[], isOut: boolean): number[] {
  return packets.filter((packet) => packet.isOut === isOut).map(({ bytes }) => bytes);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** Sees every packet at the client's end. */
class Sniffer {
  readonly #child: ChildProcess;
  #text = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start({ place }: ToolLab): Promise<Sniffer> {
    const [file = '', ...args] = place.commandOn('client', ['python3', SNIFFER]);
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const sniffer = new Sniffer(child);
    child.stdout.setEncoding('latin1').on('data', (text: string) => {
      sniffer.#text += text;
    });
    await once(child.stdout, 'data');
    return sniffer;
  }

  /** The packets since it was last asked. */
  take(): Packet[] {
    const lines = this.#text.split('\n');
    this.#text = lines.pop() ?? '';
    return lines.flatMap((line) => {
      const [way, bytes] = line.split(' ');
      return bytes === undefined ? [] : [{ isOut: way === 'out', bytes: Number(bytes) }];
    });
  }

  stop(): void {
    this.#child.kill();
  }
}
