// The settings that are being edited: what is stored, what is entered over it, and what came of saving. One per visit of the screen.

import { type ApiError, asApiError, refuseUserErrors, run, type VariablesOf } from '../../lib/graphql.ts';
import type { InputError } from '../../parts/problem-text.ts';
import {
  changesElsewhere,
  type Draft,
  draftOf,
  type Entry,
  entryOf,
  type FaultCode,
  faultsOf,
  fieldOfError,
  inputOf,
  isChanged,
  isDefault,
  type OtherChange,
  type Refused,
  rebased,
  refusalsOf,
  type Value,
  type Values,
  valuesOf,
} from './draft.ts';
import { FIELD_PATHS, type FieldPath, fieldsOf, type GroupName } from './fields.ts';
import { SETTINGS, type SettingsRead, UPDATE_SETTINGS } from './queries.ts';

type UpdateInput = VariablesOf<typeof UPDATE_SETTINGS>['input'];

/** What is wrong with a field: a code of ours, or what the API says. */
export type Fault = { code: FaultCode } | Refused;

interface Conflict {
  group: GroupName;
  present: SettingsRead;
  changes: readonly OtherChange[];
}

export class SettingsEditor {
  stored = $state.raw<SettingsRead | null>(null);
  loadError = $state.raw<ApiError | null>(null);
  saveError = $state.raw<{ group: GroupName; error: ApiError } | null>(null);
  faults = $state.raw<ReadonlyMap<FieldPath, Fault>>(new Map());
  conflict = $state.raw<Conflict | null>(null);
  savingGroup = $state<GroupName | null>(null);
  #draft = $state.raw<Draft | null>(null);
  #defaults = $state.raw<Values | null>(null);
  #latest = 0;

  #saved: Values | null = $derived(this.stored ? valuesOf(this.stored) : null);
  #changed: ReadonlySet<FieldPath> = $derived.by(() => {
    const [saved, draft] = [this.#saved, this.#draft];
    if (!saved || !draft) return new Set();
    return new Set(FIELD_PATHS.filter((path) => isChanged(path, { saved, draft })));
  });

  get isDirty(): boolean {
    return this.#changed.size > 0;
  }

  changedIn(group: GroupName): readonly FieldPath[] {
    return fieldsOf(group).filter((path) => this.#changed.has(path));
  }

  isChanged(path: FieldPath): boolean {
    return this.#changed.has(path);
  }

  entry(path: FieldPath): Entry {
    return this.#draft?.[path] ?? null;
  }

  enter(path: FieldPath, entry: Entry): void {
    if (!this.#draft) return;
    this.#draft = { ...this.#draft, [path]: entry };
    if (!this.faults.has(path)) return;
    const left = new Map(this.faults);
    left.delete(path);
    this.faults = left;
  }

  /** Of what is entered as something else; null = it is the default, or there is none. */
  defaultOf(path: FieldPath): { value: Value } | null {
    const [defaults, draft] = [this.#defaults, this.#draft];
    if (!defaults || !draft || isDefault(path, { defaults, draft })) return null;
    return { value: defaults[path] };
  }

  enterDefault(path: FieldPath): void {
    if (this.#defaults) this.enter(path, entryOf(path, this.#defaults[path]));
  }

  load = async (): Promise<void> => {
    this.#latest += 1;
    const call = this.#latest;
    try {
      const { settings, defaultSettings } = await run(SETTINGS, {});
      if (call !== this.#latest) return;
      this.#defaults = valuesOf(defaultSettings);
      this.#adopt(settings);
      this.loadError = null;
    } catch (failure) {
      if (call === this.#latest) this.loadError = asApiError(failure);
    }
  };

  /** Looks again when nobody is in the middle of an edit, so that what is edited next is what there is. */
  refresh(): void {
    if (this.stored && !this.isDirty && this.savingGroup === null) void this.load();
  }

  undo(group: GroupName): void {
    if (this.stored) this.#adopt(this.stored, fieldsOf(group));
    if (this.conflict?.group === group) this.conflict = null;
    this.#forgetFaults(group);
  }

  /** Saves what is changed in the group; true when it was done. */
  async save(group: GroupName): Promise<boolean> {
    const paths = this.changedIn(group);
    const [stored, draft] = [this.stored, this.#draft];
    if (!stored || !draft || paths.length === 0) return false;
    const faults = faultsOf(paths, draft);
    this.#forgetFaults(group);
    if (faults.size > 0) {
      this.faults = new Map([...faults].map(([path, code]) => [path, { code }]));
      return false;
    }
    this.savingGroup = group;
    try {
      // FIELDS names paths of the input type; a test holds them against the schema.
      const input = { version: stored.version, ...inputOf(paths, draft) } as UpdateInput;
      const { updateSettings } = await run(UPDATE_SETTINGS, { input });
      return this.#settle(group, updateSettings, paths);
    } catch (failure) {
      this.saveError = { group, error: asApiError(failure) };
      return false;
    } finally {
      this.savingGroup = null;
    }
  }

  /** Takes what is stored now and gives up the group's edits. */
  loadPresent(): void {
    if (!this.conflict) return;
    const { present, group } = this.conflict;
    this.conflict = null;
    this.#adopt(present, fieldsOf(group));
  }

  /** Saves the group's edits over what somebody else has stored meanwhile; his other changes stay. */
  async saveOver(): Promise<boolean> {
    if (!this.conflict) return false;
    const { present, group } = this.conflict;
    this.conflict = null;
    this.#adopt(present);
    return this.save(group);
  }

  #settle(group: GroupName, { settings, errors }: UpdateResult, paths: readonly FieldPath[]): boolean {
    if (errors.length === 0 && settings) {
      this.conflict = null;
      this.#adopt(settings, paths);
      return true;
    }
    if (settings && errors.some(({ code }) => code === 'version-conflict')) {
      const changes = changesElsewhere(this.#saved ?? valuesOf(settings), valuesOf(settings), (path) =>
        this.#changed.has(path),
      );
      this.conflict = { group, present: settings, changes };
      return false;
    }
    if (this.#draft) this.faults = refusalsOf(errors, this.#draft);
    refuseUserErrors(errors.filter(({ path }) => fieldOfError(path) === null));
    return false;
  }

  #adopt(present: SettingsRead, givenUp: readonly FieldPath[] = []): void {
    const values = valuesOf(present);
    const [saved, draft] = [this.#saved, this.#draft];
    this.#draft = saved && draft ? rebased({ saved, draft }, values, givenUp) : draftOf(values);
    this.stored = present;
  }

  #forgetFaults(group: GroupName): void {
    const own = new Set(fieldsOf(group));
    this.faults = new Map([...this.faults].filter(([path]) => !own.has(path)));
    if (this.saveError?.group === group) this.saveError = null;
  }
}

interface UpdateResult {
  settings: SettingsRead | null;
  errors: readonly InputError[];
}
