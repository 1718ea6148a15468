// An import in the making: the text, what it would change, and what it changed. Kept while the panel is open and somebody is logged in.

import { onLoggedOut, run } from '../../lib/graphql.ts';
import { loadTexts } from '../../lib/i18n.svelte.ts';
import { Saving } from '../../lib/saving.svelte.ts';
import { type Format, guessFormat } from './plan.ts';
import { IMPORT_CONFIG, type Plan } from './queries.ts';

export class Importer {
  /** Of the dry run; null = none was made of what is entered now. */
  plan = $state.raw<Plan | null>(null);
  /** Of the import itself. */
  done = $state.raw<Plan | null>(null);
  readonly checking = new Saving();
  #text = $state('');
  #chosenFormat = $state<Format | null>(null);
  #prune = $state(false);
  #generation = 0;

  get text(): string {
    return this.#text;
  }

  set text(text: string) {
    this.#text = text;
    this.outdate();
  }

  get format(): Format {
    return this.#chosenFormat ?? guessFormat(this.#text);
  }

  set format(format: Format) {
    this.#chosenFormat = format;
    this.outdate();
  }

  get prune(): boolean {
    return this.#prune;
  }

  set prune(prune: boolean) {
    this.#prune = prune;
    this.outdate();
  }

  /** Entered and not applied. */
  get isPending(): boolean {
    return this.#text.trim() !== '';
  }

  /** Another file has a format of its own. */
  replace(text: string): void {
    this.#chosenFormat = null;
    this.text = text;
  }

  check = async (): Promise<void> => {
    this.outdate();
    const generation = this.#generation;
    await this.checking.run(async () => {
      const [{ importConfig }] = await Promise.all([
        run(IMPORT_CONFIG, { input: this.#input(true) }),
        loadTexts('import-faults'),
      ]);
      if (generation === this.#generation) this.plan = importConfig;
    });
  };

  /** Applies what was looked at; an import that is refused becomes the plan, with its faults. */
  async apply(): Promise<Plan> {
    const { importConfig } = await run(IMPORT_CONFIG, { input: this.#input(false) });
    this.plan = importConfig.isApplied ? null : importConfig;
    this.done = importConfig.isApplied ? importConfig : null;
    if (importConfig.isApplied) this.#text = '';
    return importConfig;
  }

  #input(dryRun: boolean) {
    return { format: this.format, text: this.#text, dryRun, prune: this.#prune };
  }

  /** The gateway may have changed since the differences were told. */
  outdate(): void {
    this.#generation += 1;
    this.plan = null;
    this.done = null;
  }

  /** The text may hold secrets: whoever logs in next must not find it. */
  forget(): void {
    this.#prune = false;
    this.replace('');
  }
}

/** The one of this tab; in memory only. */
export const importer = new Importer();
onLoggedOut(() => importer.forget());
