#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: endpoint_info
short_description: Tell what an HTTP endpoint answers, as seen from a host
version_added: 1.0.0
author:
  - The evenkeel.drift maintainers (@evenkeel)
description:
  - Asks one HTTP or HTTPS endpoint from the host on which the module runs, once, and tells its status, its times, the
    beginning of its body and its certificate. No answer is told with its reason and is no error.
  - Secrets in headers, URL and body are masked. Nothing is written on the host, and no proxy is used.
extends_documentation_fragment:
  - evenkeel.drift.attributes
  - evenkeel.drift.attributes.info_module
options:
  url:
    description: The address, without a login.
    type: str
    required: true
  method:
    description: What is asked.
    type: str
    choices: [GET, HEAD]
    default: GET
  timeout:
    description: The time limit of the whole request in seconds.
    type: int
    default: 10
  redirects:
    description:
      - How many redirects are followed, never from HTTPS to HTTP or back.
    type: int
    default: 0
  ca:
    description: The file of the certificates that vouch for the server's. Those of the system when it is not given.
    type: path
  verify:
    description: Whether the server's certificate must be valid.
    type: bool
    default: true
seealso:
  - module: ansible.builtin.uri
"""

EXAMPLES = r"""
- name: Look at what the application answers on its own host
  evenkeel.drift.endpoint_info:
    url: http://127.0.0.1:8002/health
  register: health

- name: Stop when it is not healthy or slow
  ansible.builtin.assert:
    that:
      - health.endpoint.outcome == 'ok'
      - health.endpoint.failure is none
      - health.endpoint.answer.status == 200
      - health.endpoint.answer.times_ms.total < 500
"""

RETURN = r"""
endpoint:
  description: What was seen.
  returned: success
  type: dict
  contains:
    outcome:
      description: V(ok), or V(unknown) with a C(reason) when the host could not ask.
      type: str
      returned: always
    failure:
      description:
        - Why there is no answer, V(null) when there is one. It has a C(kind) (V(name), V(refused), V(unreachable),
          V(timeout), V(certificate), V(tls), V(closed), V(protocol), V(redirect)), the C(stage) (V(resolve),
          V(connect), V(tls), V(answer), V(body)) and a C(text).
      type: dict
      returned: always
    answer:
      description:
        - The answer, V(null) when there is none - its C(status), C(reason), some C(headers), the C(url) that gave it,
          the C(redirects) on the way, the C(address) of the server, the C(body) in its first 16 KiB and its C(size).
        - C(times_ms) are milliseconds since the request began, each step with those before it - V(resolve), V(connect),
          V(tls), V(first_byte), V(total).
        - C(partial) says why not all of the body was read, such as that it is larger than 1 MiB.
      type: dict
      returned: always
    tls:
      description:
        - The certificate, also of one that is not valid, V(null) without TLS - C(subject), C(issuer), C(not_before_s)
          and C(not_after_s) in seconds since 1970, TLS C(version), and whether it was C(verified).
      type: dict
      returned: always
    url:
      description: The URL, masked.
      type: str
      returned: always
    method:
      description: What was asked.
      type: str
      returned: always
    reason:
      description: Why nothing is known, empty otherwise.
      type: str
      returned: always
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.evenkeel.drift.plugins.module_utils.http.url import BadUrl, parse
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.alone import crashing_quietly
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.endpoints import ARGUMENTS, ask_one


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        parse(module.params["url"])
    except BadUrl as wrong:
        module.fail_json(msg=f"url: {wrong}")
    with crashing_quietly():
        data = ask_one(module.params)
    module.exit_json(changed=False, endpoint=data)


if __name__ == "__main__":
    main()
