import { setTimeout as sleep } from 'node:timers/promises';
import type { LossyFindings, LossySettings } from './lossy-bench.ts';
import { KEY_GAP_MS, SETTLE_MS, WARM_KEYS } from './lossy-keys-bench.ts';
import { LossyLabs } from './lossy-labs.ts';
import { figureOf, type LossyRow, lossyRow } from './lossy-row.ts';
import { PacketSniffer, type SniffedPacket } from './packet-sniffer.ts';
import { median } from './quantile.ts';
import { atMost } from './targets.ts';
import type { ToolLab } from './tool-lab.ts';

const NETWORK = '50 ms RTT, no loss, each packet counted';
/** The measure that tells which road it was. */
export const UDP_SHARE = 'of the packets, UDP';
const DRAIN_MS = 5000;

interface WireCost {
  readonly largestOut: number;
  readonly largestBack: number;
  readonly allOut: number;
  readonly allBack: number;
  /** Of the packets, in per cent. */
  readonly udpShare: number;
}

/** What one key costs where nothing is lost: the largest packet from one key to the next, which carries it, and all of them; medians. */
export async function lossyWireBench(settings: LossySettings): Promise<LossyFindings> {
  const labs = await LossyLabs.up(settings, ['delay=25']);
  try {
    const found = await labs.together((lab) => costIn(lab, settings.quick ? 40 : 200));
    const rowOf = (measure: string, limit: number, value: (of: WireCost) => number): LossyRow => {
      const values = figureOf(found, value);
      return lossyRow({ network: NETWORK, measure, unit: 'B', values, target: atMost(limit) });
    };
    const rows = [
      rowOf('the packet with the key', 120, ({ largestOut }) => largestOut),
      rowOf('all packets of a key, to the host', 160, ({ allOut }) => allOut),
      rowOf('the packet with the echo', 120, ({ largestBack }) => largestBack),
      rowOf('all packets of a key, from the host', 160, ({ allBack }) => allBack),
      lossyRow({
        network: NETWORK,
        measure: UDP_SHARE,
        unit: '%',
        values: figureOf(found, ({ udpShare }) => udpShare),
      }),
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
  const sniffer = await PacketSniffer.start(lab.place);
  const ofKeys: SniffedPacket[][] = [];
  const before = async (): Promise<void> => {
    ofKeys.push(sniffer.take());
    await Promise.resolve();
  };
  await typist.typeSteadily({ keys, gapMs: KEY_GAP_MS, drainMs: DRAIN_MS, before });
  sniffer.stop();
  await close();
  // What stood before the first key belongs to none.
  const counted = ofKeys.slice(1);
  const packets = counted.flat();
  const figure = (isOut: boolean, of: (bytes: readonly number[]) => number): number =>
    median(counted.map((ofKey) => of(bytesOf(ofKey, isOut))));
  return {
    largestOut: figure(true, (bytes) => Math.max(0, ...bytes)),
    largestBack: figure(false, (bytes) => Math.max(0, ...bytes)),
    allOut: figure(true, sum),
    allBack: figure(false, sum),
    udpShare: (packets.filter(({ isUdp }) => isUdp).length / packets.length) * 100,
  };
}

function bytesOf(packets: readonly SniffedPacket[], isOut: boolean): number[] {
  return packets.filter((packet) => packet.isOut === isOut).map(({ bytes }) => bytes);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
