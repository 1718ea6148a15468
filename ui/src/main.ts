// Starts the panel.

import './theme.css';
import { mount } from 'svelte';
import App from './App.svelte';

const target = document.querySelector('#app');
if (!target) throw new Error('Cannot start the panel: #app is missing from the page');
mount(App, { target });
