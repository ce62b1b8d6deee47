import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../support/project-root.ts';
import type { BenchPlace } from './bench-place.ts';

const PROGRAM = join(PROJECT_ROOT, 'test', 'bench', 'packet-sniffer.py');

/** In the IP header. */
const UDP = '17';

export interface SniffedPacket {
  /** From the client. */
  readonly isOut: boolean;
  readonly isUdp: boolean;
  /** With the IP header. */
  readonly bytes: number;
}

/** Sees every packet at the client's end of a place's lab. */
export class PacketSniffer {
  readonly #child: ChildProcess;
  #text = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(place: BenchPlace): Promise<PacketSniffer> {
    const [file = '', ...args] = place.commandOn('client', ['python3', PROGRAM]);
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const sniffer = new PacketSniffer(child);
    child.stdout.setEncoding('latin1').on('data', (text: string) => {
      sniffer.#text += text;
    });
    await once(child.stdout, 'data');
    return sniffer;
  }

  /** The packets since it was last asked. */
  take(): SniffedPacket[] {
    const lines = this.#text.split('\n');
    this.#text = lines.pop() ?? '';
    return lines.flatMap((line) => {
      const [way, protocol, bytes] = line.split(' ');
      return bytes === undefined
        ? []
        : [{ isOut: way === 'out', isUdp: protocol === UDP, bytes: Number(bytes) }];
    });
  }

  stop(): void {
    this.#child.kill();
  }
}
