// English messages of the first run.

export const start = {
  'start.title': 'Getting started',
  'start.lead': 'Five steps: then your clients talk to Warmpath, and Warmpath to your providers.',
  'start.lookAround': 'Look around the demo first',
  'start.skip': 'Go to the overview',
  'start.done': 'Done',
  'start.password': 'Password set',
  'start.account': 'Connect an account',
  'start.account.lead':
    'An account is what a provider bills. Paste its API key here; more accounts can follow later.',
  'start.account.demo': 'The demo’s accounts',
  'start.account.add': 'Add and test',
  'start.account.useDemo': 'Go on with the demo accounts',
  'start.test.running': 'Sending one tiny request …',
  'start.test.ok': 'It works',
  'start.test.failed': 'It did not answer',
  'start.test.again': 'Test again',
  'start.test.edit': 'Change the account',
  'start.test.goOn': 'Go on anyway',
  'start.key': 'Create an API key',
  'start.key.lead':
    'Your clients present it to Warmpath in place of a provider’s key. One per person or program shows later who used what.',
  'start.key.have': 'I have one already',
  'start.client': 'Point a client here',
  'start.client.lead': 'Choose your client and paste its settings, with your key in place of YOUR_API_KEY.',
  'start.client.once':
    'Choose your client and paste its settings. The key in them is shown now and never again.',
  'start.client.done': 'Done, the settings are in place',
  'start.request': 'Send the first request',
  'start.request.lead': 'Ask your client something. Its request shows here the moment it ends.',
  'start.request.waiting': 'Waiting for the first request …',
  'start.request.ok': 'It arrived. Its conversation now returns to this account, where its prompt is cached.',
  'start.request.failed': 'It arrived, but did not succeed: its details say why.',
  'start.request.open': 'See its details',
  'start.finish': 'To the overview',
} as const;
