#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_info
short_description: Tell how Redis streams, Memcached and InfluxDB stand
version_added: 1.0.0
author:
  - The evenkeel.drift maintainers (@evenkeel)
description:
  - Asks a Redis server, over its own protocol, for its version, memory, clients, slow log and persistence, and for the
    length, groups, consumers and newest entries of its streams; a Memcached or InfluxDB server for its version, uptime
    and memory. Nothing is installed on the host for it.
  - Only commands that read and cannot block are sent, from a list that the documentation of the section has.
  - What cannot be seen is V(unknown) with the reason. A lag that the server does not tell is V(null), never 0.
extends_documentation_fragment:
  - evenkeel.drift.attributes
  - evenkeel.drift.attributes.info_module
options:
  redis:
    description:
      - The Redis server, as C(host:port), C([IPv6]:port), C(unix:/path) or C(container:name:port).
      - Exactly one of O(redis), O(memcached) and O(influxdb) is needed.
    type: str
  memcached:
    description: The Memcached server, as C(host:port), C(unix:/path) or C(container:name:port).
    type: str
  influxdb:
    description: The InfluxDB server, as a URL such as V(http://127.0.0.1:8086).
    type: str
  stream:
    description: The stream to look at. Without it, the streams that are found are listed.
    type: str
  group:
    description: The consumer group to look at. Without it, all of the stream's.
    type: str
  user:
    description: The ACL user of Redis.
    type: str
  credentials_file:
    description: A file on the host, of lines C(KEY=value) such as C(.env), that holds the password.
    type: path
  credentials_key:
    description: The key of O(credentials_file) whose value is the password.
    type: str
  sample:
    description: How many of the newest entries are looked at, 1 to 500. Their values are not returned.
    type: int
    default: 20
  wait:
    description: Look a second time, as soon as every group has read something, at the latest after so many seconds.
    type: int
    default: 0
  timeout:
    description: The time limit in seconds.
    type: int
    default: 60
seealso:
  - module: community.general.redis_info
"""

EXAMPLES = r"""
- name: Look whether the orders are worked off
  evenkeel.drift.stream_info:
    redis: 127.0.0.1:6379
    stream: orders
    group: billing
    wait: 30
  register: orders

- name: Look at a Redis in a container, with a password
  evenkeel.drift.stream_info:
    redis: container:cache
    credentials_file: /srv/app/.env
    credentials_key: REDIS_PASSWORD
  become: true

- name: Look at Memcached
  evenkeel.drift.stream_info:
    memcached: 127.0.0.1:11211
"""

RETURN = r"""
streams:
  description: What was seen.
  returned: success
  type: dict
  contains:
    now_s:
      description: When it was looked, in seconds since 1970.
      type: float
      returned: always
    waited_s:
      description: How many seconds passed until the second look.
      type: float
      returned: always
    servers:
      description:
        - One item. C(outcome) is V(ok), V(silent) when nothing listens there, or V(unknown), with the C(reason).
        - C(about) is what the server says of itself, C(binding) at which addresses of the host it listens.
        - C(streams) has one item for O(stream), with the looks C(first) and C(second) and the C(sample) of entries;
          C(found) lists the streams when none was named.
      type: list
      elements: dict
      returned: always
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.alone import observe_alone
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.streams import ARGUMENTS, collect
from ansible_collections.evenkeel.drift.plugins.module_utils.streams.asked import server_asked


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        supports_check_mode=True,
        required_one_of=[("redis", "memcached", "influxdb")],
        mutually_exclusive=[("redis", "memcached", "influxdb")],
        required_together=[("credentials_file", "credentials_key")],
    )
    try:
        asked = {"servers": [server_asked(module.params)]}
        data = observe_alone(collect, asked, Host("/", module.params["timeout"]))
    except (Unseen, ValueError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, streams=data)


if __name__ == "__main__":
    main()
