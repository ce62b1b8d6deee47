import { join } from 'node:path';
import { type RunProgram, runFailure, runOrFail } from './run-program.ts';
import type { ManagerDeps, ServiceManager } from './service-manager.ts';
import { formatUnit, unitWords } from './service-unit.ts';

/** systemd's user manager, asked by `systemctl --user`. */
export class SystemdManager implements ServiceManager {
  readonly directory: string;
  readonly format: ServiceManager['format'] = formatUnit;
  readonly wordsIn: ServiceManager['wordsIn'] = unitWords;
  readonly #run: RunProgram;
  readonly #userId: number;
  readonly #userName: string;

  constructor({ environment, home, userId, run }: ManagerDeps) {
    const config = environment['XDG_CONFIG_HOME'];
    // The specification says that a relative path is to be ignored.
    const base = config?.startsWith('/') === true ? config : join(home, '.config');
    this.directory = join(base, 'systemd', 'user');
    this.#run = run;
    this.#userId = userId;
    this.#userName = environment['USER'] ?? String(userId);
  }

  filesOf(name: string): readonly [string, ...string[]] {
    const unit = unitOf(name);
    // The second is what `enable` makes, and `disable` cannot remove while there is no manager.
    return [join(this.directory, unit), join(this.directory, 'default.target.wants', unit)];
  }

  nameOf(fileName: string): string | undefined {
    return /^everterm-([\w.-]{1,64})\.service$/u.exec(fileName)?.[1];
  }

  async start(name: string, isReplaced: boolean): Promise<void> {
    const unit = unitOf(name);
    await this.#systemctl('daemon-reload');
    if (!isReplaced) return await this.#systemctl('enable', '--now', unit);
    // What runs already, --now would leave as it is.
    await this.#systemctl('enable', unit);
    await this.#systemctl('restart', unit);
  }

  startLine(name: string): string {
    const unit = unitOf(name);
    return `systemctl --user daemon-reload && systemctl --user enable ${unit} && systemctl --user restart ${unit}`;
  }

  stop(name: string): Promise<void> {
    return this.#systemctl('disable', '--now', unitOf(name));
  }

  forget(): Promise<void> {
    return this.#systemctl('daemon-reload');
  }

  async states(names: readonly string[]): Promise<readonly string[]> {
    const args = ['--user', 'is-active', ...names.map(unitOf)];
    const end = await this.#run('systemctl', args);
    // The status only says whether any of them is active.
    const states = end?.stdout.split('\n').filter((line) => line !== '') ?? [];
    if (states.length !== names.length) throw runFailure('systemctl', args.slice(0, 2), end);
    return states;
  }

  async hints(name: string): Promise<readonly string[]> {
    const unit = unitOf(name);
    const lines = [
      `what it says: journalctl --user -u ${unit}`,
      'a key with a passphrase needs an agent that the service can see: systemctl --user import-environment SSH_AUTH_SOCK',
    ];
    if (!(await this.#needsLinger())) return lines;
    return [
      ...lines,
      `it ends when you log out, and waits for a login after a boot, unless you run: loginctl enable-linger ${this.#userName}`,
    ];
  }

  async #needsLinger(): Promise<boolean> {
    const args = ['show-user', String(this.#userId), '--property=Linger'];
    const end = await this.#run('loginctl', args);
    // It knows nothing of a user who is not logged in, and so does not linger either.
    return end !== undefined && end.stdout.trim() !== 'Linger=yes';
  }

  #systemctl(...args: readonly string[]): Promise<void> {
    return runOrFail(this.#run, 'systemctl', ['--user', ...args]);
  }
}

function unitOf(name: string): string {
  return `everterm-${name}.service`;
}
