#!/usr/bin/env node
import '../dist/portramp.js';
