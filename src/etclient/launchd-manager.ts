import { join } from 'node:path';
import { agentLabel, agentWords, formatAgent } from './launchd-agent.ts';
import { type RunProgram, runFailure, runOrFail } from './run-program.ts';
import type { ManagerDeps, ServiceManager } from './service-manager.ts';
import type { Service } from './service-unit.ts';

/** launchd, asked by `launchctl`: agents of the user who is logged in at the screen. */
export class LaunchdManager implements ServiceManager {
  readonly directory: string;
  readonly wordsIn: ServiceManager['wordsIn'] = agentWords;
  readonly #home: string;
  readonly #domain: string;
  readonly #run: RunProgram;

  constructor({ home, userId, run }: ManagerDeps) {
    this.directory = join(home, 'Library', 'LaunchAgents');
    this.#home = home;
    this.#domain = `gui/${userId}`;
    this.#run = run;
  }

  filesOf(name: string): readonly [string] {
    return [join(this.directory, `${agentLabel(name)}.plist`)];
  }

  nameOf(fileName: string): string | undefined {
    return /^everterm\.([\w.-]{1,64})\.plist$/u.exec(fileName)?.[1];
  }

  format(service: Service): string {
    return formatAgent(service, this.#logFile(service.name));
  }

  async start(name: string, isReplaced: boolean): Promise<void> {
    // Where it was not loaded this fails, and there is nothing to unload.
    if (isReplaced) await this.#run('launchctl', ['bootout', this.#target(name)]);
    await runOrFail(this.#run, 'launchctl', ['bootstrap', this.#domain, this.filesOf(name)[0]]);
  }

  startLine(name: string): string {
    return `launchctl bootstrap ${this.#domain} '${this.filesOf(name)[0].replaceAll("'", "'\\''")}'`;
  }

  async stop(name: string): Promise<void> {
    if (!(await this.#isLoaded(name))) return;
    await runOrFail(this.#run, 'launchctl', ['bootout', this.#target(name)]);
  }

  /** launchd has forgotten it when it was unloaded. */
  async forget(): Promise<void> {}

  async states(names: readonly string[]): Promise<readonly string[]> {
    return await Promise.all(
      names.map(async (name) => {
        const args = ['print', this.#target(name)];
        const end = await this.#run('launchctl', args);
        if (end === undefined) throw runFailure('launchctl', args, end);
        if (end.status !== 0) return 'not loaded';
        return /^\s*state = (.+)$/mu.exec(end.stdout)?.[1] ?? 'loaded';
      }),
    );
  }

  async hints(name: string): Promise<readonly string[]> {
    return [
      `what it says: ${this.#logFile(name)}`,
      'a key with a passphrase needs the agent: ssh-add --apple-use-keychain FILE',
    ];
  }

  async #isLoaded(name: string): Promise<boolean> {
    const args = ['print', this.#target(name)];
    const end = await this.#run('launchctl', args);
    if (end === undefined) throw runFailure('launchctl', args, end);
    return end.status === 0;
  }

  #target(name: string): string {
    return `${this.#domain}/${agentLabel(name)}`;
  }

  #logFile(name: string): string {
    return join(this.#home, 'Library', 'Logs', `${agentLabel(name)}.log`);
  }
}
