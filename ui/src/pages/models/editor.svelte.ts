// A model being edited: what it was, what was typed, and what somebody else saved meanwhile.

import { refuseUserErrors, run } from '../../lib/graphql.ts';
import { Saving } from '../../lib/saving.svelte.ts';
import { differences, presentOf } from '../../parts/conflict.ts';
import { fieldsOf, formOf, isChanged, MODEL_FIELDS, type ModelForm, updateInput } from './model-form.ts';
import { type Model, UPDATE_MODEL } from './queries.ts';

export class ModelEditor {
  readonly saving = new Saving();
  before: Model;
  form: ModelForm;
  /** What there is by now, when that is not what the form was opened with. */
  present = $state.raw<Model | null>(null);

  constructor(model: Model) {
    this.before = $state.raw(model);
    this.form = $state.raw(formOf(model));
  }

  get isDirty(): boolean {
    return isChanged(formOf(this.before), this.form);
  }

  /** Undefined while some field cannot be saved. */
  get input() {
    return updateInput(formOf(this.before), this.form);
  }

  get changes() {
    if (!this.present) return [];
    const [before, present, mine] = [formOf(this.before), formOf(this.present), this.form].map(fieldsOf);
    return before && present && mine ? differences(MODEL_FIELDS, { before, present, mine }) : [];
  }

  change(part: Partial<ModelForm>): void {
    this.form = { ...this.form, ...part };
  }

  /** A newer state of the model; what was typed stays. */
  see(model: Model): void {
    if (!this.isDirty) this.load(model);
  }

  /** Puts a state of the model into the form; what was typed is lost. */
  load(model: Model): void {
    this.before = model;
    this.form = formOf(model);
    this.present = null;
    this.saving.error = null;
  }

  /** The model as saved; null when it was not. */
  async save(version: string): Promise<Model | null> {
    const input = this.input;
    if (!input) return null;
    let saved: Model | null = null;
    await this.saving.run(async () => {
      const { updateModel } = await run(UPDATE_MODEL, { id: this.before.id, input: { ...input, version } });
      this.present = presentOf(updateModel.errors, updateModel.model);
      if (this.present) return;
      refuseUserErrors(updateModel.errors);
      saved = updateModel.model;
    });
    return saved;
  }
}
