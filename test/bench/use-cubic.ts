import { execFileSync } from 'node:child_process';
import type { BenchPlace } from './bench-place.ts';

/**
 * By the routes, since a namespace may choose for itself only among what the machine allows everybody; and what one connection has
 * learned of the path is not told to the next.
 */
const CUBIC = `echo 1 >/proc/sys/net/ipv4/tcp_no_metrics_save
ip route show | while read -r route; do ip route change $route congctl cubic; done`;

/** Has every TCP across this place's lab use what most systems use, whatever this machine has chosen for itself. */
export function useCubic(place: BenchPlace): void {
  for (const side of ['client', 'server'] as const) {
    const [file = '', ...args] = place.commandOn(side, ['sh', '-e', '-c', CUBIC]);
    execFileSync(file, args);
  }
}
