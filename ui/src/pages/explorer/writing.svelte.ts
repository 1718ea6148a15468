// The document being written: where it comes from, and where it is kept, so that neither reload nor back lose it.

import { route, setParams } from '../../lib/route.svelte.ts';
import { EXAMPLES, type Example } from './examples.ts';
import { fitsAddress, keepDraft, keepPast, readDraft, readPast, type Written, withRun } from './kept.ts';

const ADDRESS_PARAMS = ['query', 'variables', 'example'] as const;

export class Writing implements Written {
  query = $state('');
  variables = $state('');
  /** Run or given way to another, newest first. */
  past = $state.raw<readonly Written[]>(readPast());
  #told = '';

  constructor() {
    const draft = readDraft();
    const isOfHere = draft !== null && (draft.search === addressText() || !addressNames());
    if (draft && isOfHere) this.#show(draft);
    else this.#readAddress();
    this.#told = addressText();
  }

  /** To be called whenever the address may have changed: back and forward bring another document. */
  follow(): void {
    const address = addressText();
    if (address === this.#told) return;
    this.#told = address;
    this.#readAddress();
  }

  keep(): void {
    keepDraft({ query: this.query, variables: this.variables, search: addressText() });
  }

  choose(example: Example): void {
    this.#giveWay();
    this.#show(writtenOf(example));
    setParams({ example: example.name, query: null, variables: null });
    this.#told = addressText();
  }

  again(written: Written): void {
    this.#giveWay();
    this.#show(written);
    this.#name({ replace: false });
  }

  /** It was run: it can be found again, and its address be given to others. */
  ran(): void {
    this.#remember();
    this.#name({ replace: true });
  }

  forgetPast(): void {
    this.past = [];
    keepPast(this.past);
  }

  /** What somebody wrote is found in the history; examples are found among themselves. */
  #giveWay(): void {
    const { query, variables } = this;
    const isTheirs = EXAMPLES.map(writtenOf).every(
      (one) => one.query !== query || one.variables !== variables,
    );
    if (isTheirs && query.trim() !== '') this.#remember();
  }

  #remember(): void {
    this.past = withRun(this.past, this);
    keepPast(this.past);
  }

  #name(options: { replace: boolean }): void {
    const { query, variables } = this;
    const named = fitsAddress(this) ? { query, variables } : { query: null, variables: null };
    setParams({ ...named, example: null, pane: 'result' }, options);
    this.#told = addressText();
  }

  #readAddress(): void {
    const query = route.param('query');
    if (query !== null) this.#show({ query, variables: route.param('variables') ?? '' });
    else {
      const example = EXAMPLES.find(({ name }) => name === route.param('example')) ?? EXAMPLES[0];
      if (example) this.#show(writtenOf(example));
    }
  }

  #show({ query, variables }: Written): void {
    this.query = query;
    this.variables = variables;
  }
}

function writtenOf({ query, variables }: Example): Written {
  return { query, variables: variables ? JSON.stringify(variables, null, 2) : '' };
}

function addressText(): string {
  return JSON.stringify(ADDRESS_PARAMS.map((name) => route.param(name)));
}

function addressNames(): boolean {
  return route.param('query') !== null || route.param('example') !== null;
}
