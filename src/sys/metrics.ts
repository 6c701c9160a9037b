// metrics.ts - reads the metrics files that a run wrote. Decides nothing.
import { LONGEST_METRIC_BYTES, MOST_METRICS } from '../core/series.ts';
import type { ByteString } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { nameFileParameter } from '../core/parameters.ts';
import type { Series } from '../core/series.ts';
import { readMetricSeries, readMetricValues } from '../formats/metrics.ts';
import { maskValue } from '../formats/secrets.ts';
import { readParameterText } from './parameterfiles.ts';
import type { Project } from './project.ts';
import { makeSecretHasher } from './secretkey.ts';

const NUMBER_VALUE = /^[-+]?[0-9.][0-9.eE+-]*$/;

/**
 * What the metrics files (paths as in a record) say now: 'NAME VALUE' of each single value, as a run
 * has its metrics; and the rows of tables as series. Of a name that an earlier file has the later one's is PATH:NAME. What cannot be
 * read is a warning.
 */
export function readMetrics(project: Project, paths: ByteString[]): { metrics: ByteString[]; series: Series[]; warnings: ByteString[] } {
  const series: Series[] = [];
  const found = new Map<ByteString, ByteString>();
  const warnings: ByteString[] = [];
  const hash = makeSecretHasher(project.own + '/key');
  for (const path of paths) {
    try {
      const text = readParameterText(project, path);
      const { values, leftOut } = readMetricValues(text, path);
      for (const one of readMetricSeries(text, path)) series.push({ ...one, name: nameFileParameter({ path: series.some((other) => other.name === one.name) ? path : '', key: one.name }).replace(/^:/, '') });
      for (const { name, value } of values) {
        const word = nameFileParameter({ path: '', key: name }).slice(1);
        const key = word === '' || found.has(word) ? nameFileParameter({ path, key: name }) : word;
        // A number is no secret, though what it counts may be tokens.
        found.set(key, NUMBER_VALUE.test(value) ? value : maskValue(name, value, hash));
      }
      if (leftOut > 0) warnings.push(String(leftOut) + ' values of ' + path + ' are not among the metrics: at most ' + String(MOST_METRICS) + ' are, of ' + String(LONGEST_METRIC_BYTES) + ' bytes each');
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      warnings.push(error.message);
    }
  }
  return { metrics: Array.from(found, ([name, value]) => name + ' ' + value), series, warnings };
}
