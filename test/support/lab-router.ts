import type { TestContext } from 'vitest';
import type { LabHost } from './lab-host.ts';
import { RouterProcess } from './router-process.ts';

const ROUTER_PORT = 2022;

/** A router on the server's side of a lab, as long as the test lasts. */
export async function routerInLab(context: TestContext, host: LabHost): Promise<RouterProcess> {
  const prefix = host.lab.commandIn('server', []);
  const router = await RouterProcess.start(host.host, { port: ROUTER_PORT, prefix });
  context.onTestFinished(() => router.stop());
  return router;
}

/** From now on nothing gets in at the lab's server but what none of `dropped` (of nft) names, and it begins nothing itself. */
export function closeServer(host: LabHost, dropped: readonly string[]): void {
  const rules = dropped.map((rule) => `iifname lab0 ${rule} drop;`).join(' ');
  const inward = `chain input { type filter hook input priority 0; ${rules} }`;
  const outward =
    'chain output { type filter hook output priority 0; oifname lab0 ct state new drop; }';
  host.run('server', 'nft', `add table inet onlyrouter { ${inward}; ${outward}; }`);
}
