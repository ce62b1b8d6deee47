import type { IncomingOpen } from '../../src/mux/channel.ts';
import { Mux } from '../../src/mux/mux.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** What arrives at a mux that nobody listens to is refused. */
type OnOpen = (incoming: IncomingOpen) => void;

/** Two muxes whose streams meet when a test says so, at once and in pieces of any size. */
export class MuxPair {
  readonly clock: VirtualClock = new VirtualClock();
  readonly client: Mux;
  readonly server: Mux;
  /** How often each transport was woken. */
  readonly wakes: { client: number; server: number } = { client: 0, server: 0 };
  onServerOpen: OnOpen = (incoming) => incoming.refuse(1, 'nobody listens');
  onClientOpen: OnOpen = (incoming) => incoming.refuse(1, 'nobody listens');
  rttMs: number | undefined;

  constructor() {
    this.client = this.#make('client');
    this.server = this.#make('server');
  }

  /** Carries messages both ways until neither end has any; `bytes` counts what went each way. */
  run(pieceBytes: number = 61_440): { up: number; down: number } {
    const moved = { up: 0, down: 0 };
    for (;;) {
      const up = this.carry('client', pieceBytes);
      const down = this.carry('server', pieceBytes);
      this.clock.advance(0);
      moved.up += up;
      moved.down += down;
      if (up + down === 0 && this.client.ready + this.server.ready === 0) return moved;
    }
  }

  /** What `mux` gives next on stream 0, for tests whose other end is made by hand. */
  next(from: 'client' | 'server'): Uint8Array {
    const target = new Uint8Array(61_440);
    return target.subarray(0, this[from].take(0, target));
  }

  /** Carries what one end has ready now, on all streams, to the other; one `take` per stream. */
  carry(from: 'client' | 'server', pieceBytes: number = 61_440): number {
    const source = from === 'client' ? this.client : this.server;
    const sink = from === 'client' ? this.server : this.client;
    let moved = 0;
    for (let stream = 0; stream < 8; stream += 1) {
      if ((source.ready & (1 << stream)) === 0) continue;
      const target = new Uint8Array(pieceBytes);
      const count = source.take(stream, target);
      if (count > 0) sink.receive(stream, target.subarray(0, count));
      moved += count;
    }
    return moved;
  }

  #make(role: 'client' | 'server'): Mux {
    const rttMs = (): number | undefined => this.rttMs;
    return new Mux({
      role,
      clock: this.clock,
      transport: {
        wake: () => {
          this.wakes[role] += 1;
        },
        get rate() {
          const ms = rttMs();
          return ms === undefined ? undefined : { bytesPerSecond: 1e6, rttMs: ms };
        },
      },
      events: {
        onOpen: (incoming) => {
          if (role === 'server') this.onServerOpen(incoming);
          else this.onClientOpen(incoming);
        },
      },
    });
  }
}
