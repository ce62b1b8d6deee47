import { readFileSync, readlinkSync } from 'node:fs';
import { EtError } from '../base/errors.ts';
import { DatagramSocket } from '../link/datagram-socket.ts';
import { formatEndpoint } from '../link/plain-address.ts';
import { UdpSockets, type UdpSocketsDeps } from '../link/udp-sockets.ts';
import type { DatagramWay } from './datagram-way.ts';

export interface DatagramPlaces {
  /** Addresses; none: all of this machine. */
  readonly bind: readonly string[];
  /** That of TCP. */
  readonly port: number;
  /** Sockets of systemd, in place of the above. */
  readonly descriptors: readonly number[];
}

export interface DatagramSocketEvents {
  /** Bytes are valid until the call returns. */
  onDatagram(bytes: Uint8Array, from: DatagramWay): void;
  /** For the log; nothing ends by it. */
  onTrouble(error: Error): void;
}

/** What takes a router's datagrams. */
export interface RouterDatagramSockets {
  /** For people. */
  readonly label: string;
  close(): void;
}

/**
 * Opens the UDP port of a router. `undefined` where it cannot be had on every address that was asked for, which is then said in the log:
 * a router without it is one of TCP. Rejects with ET_ERR_CONFIG where systemd has another port.
 */
export async function openRouterDatagrams(
  deps: UdpSocketsDeps,
  places: DatagramPlaces,
  events: DatagramSocketEvents,
): Promise<RouterDatagramSockets | undefined> {
  const { bind, port, descriptors } = places;
  if (descriptors.length > 0) return await openInherited(descriptors, port, events);
  const opened: UdpSockets[] = [];
  const close = (): void => {
    for (const each of opened) each.close();
  };
  for (const address of bind.length === 0 ? [''] : bind) {
    const sockets = await UdpSockets.open(deps, address, port, events);
    if (sockets === 'taken' || sockets === undefined) {
      close();
      events.onTrouble(unavailable(address, port, sockets === 'taken'));
      return undefined;
    }
    opened.push(sockets);
  }
  const count = opened.reduce((sum, { addresses }) => sum + addresses.length, 0);
  return { label: `udp port ${port} of ${count} addresses`, close };
}

function unavailable(address: string, port: number, isTaken: boolean): EtError {
  const place = formatEndpoint(address === '' ? '*' : address, port);
  const why = isTaken ? 'is taken' : 'cannot be had';
  return new EtError('ET_ERR_STATE', `udp ${place} ${why}: clients come by TCP alone`);
}

async function openInherited(
  descriptors: readonly number[],
  port: number,
  events: DatagramSocketEvents,
): Promise<RouterDatagramSockets> {
  const opened: DatagramSocket[] = [];
  for (const descriptor of descriptors) {
    const name = descriptors.length === 1 ? '' : ` at socket ${descriptor}`;
    let last: InheritedWay | undefined;
    const socket: DatagramSocket = await DatagramSocket.inherit(familyOf(descriptor), descriptor, {
      onDatagram: (bytes, address, fromPort) => {
        if (last?.leadsTo(address, fromPort) !== true) {
          last = new InheritedWay(socket, name, address, fromPort);
        }
        events.onDatagram(bytes, last);
      },
      onTrouble: (error) => events.onTrouble(error),
    });
    opened.push(socket);
    if (socket.port !== port) {
      throw new EtError(
        'ET_ERR_CONFIG',
        `systemd has udp port ${socket.port} and tcp port ${port}`,
        {
          advice: 'write the same number in ListenDatagram= as in ListenStream=',
        },
      );
    }
  }
  const close = (): void => {
    for (const each of opened) each.close();
  };
  return { label: `udp port ${port} of systemd`, close };
}

/** Node has to be told, and systemd does not say it: the kernel lists the sockets of each. */
function familyOf(descriptor: number): 4 | 6 {
  const inode = /\d+/u.exec(readlinkSync(`/proc/self/fd/${descriptor}`))?.[0] ?? '';
  const ofSix = readFileSync('/proc/self/net/udp6', 'latin1').split(/\s+/u);
  return ofSix.includes(inode) ? 6 : 4;
}

/** A way that a socket of systemd's has to one address. */
class InheritedWay implements DatagramWay {
  readonly label: string;
  readonly host: string;
  readonly #socket: DatagramSocket;
  readonly #address: string;
  readonly #port: number;

  constructor(socket: DatagramSocket, at: string, address: string, port: number) {
    this.#socket = socket;
    this.#address = address;
    this.#port = port;
    const plain = address.replace(/^::ffff:/u, '');
    this.label = `udp ${formatEndpoint(plain, port)}${at}`;
    this.host = `${plain}${at}`;
  }

  leadsTo(address: string, port: number): boolean {
    return port === this.#port && address === this.#address;
  }

  send(pieces: readonly Uint8Array[]): void {
    this.#socket.send(pieces, this.#address, this.#port);
  }
}
