#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Starts the cloud, says "ready" when it can be used, and runs until it is stopped.
set -euo pipefail
source /cloud/services.sh
mkdir -p /etc/libvirt
cp $ETC/qemu.conf /etc/libvirt/

# Placement and Keystone do not close idle connections in time for their clients: every answer ends its connection.
api() {
    start "$1" env "$2" uwsgi --master --processes "$3" --threads 4 --plugin python3 --http-socket "$4" \
        --wsgi-file "$5" --enable-threads --lazy-apps --add-header "Connection: close"
}

export RABBITMQ_NODENAME=rabbit@localhost RABBITMQ_MNESIA_BASE=$STATE/rabbit RABBITMQ_LOG_BASE=$LOG
export RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_PID_FILE=$STATE/rabbit/pid RABBITMQ_ENABLED_PLUGINS_FILE=/dev/null
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+sbwt none" ERL_EPMD_ADDRESS=127.0.0.1
start rabbit /usr/lib/rabbitmq/bin/rabbitmq-server
start_mariadb
ADDRESS=$(hostname -i | awk '{ print $1 }')
export ADDRESS
# Where a service is must be known before the first of them asks.
sql keystone -e "update endpoint set url = replace(url, '127.0.0.1', '$ADDRESS')"
sql neutron <<'SQL'
insert into agents (id, agent_type, `binary`, topic, host, admin_state_up, created_at, started_at,
                    heartbeat_timestamp, configurations, `load`)
select uuid(), 'Linux bridge agent', 'neutron-linuxbridge-agent', 'N/A', host, 1, now(), now(), now(),
       '{"bridge_mappings": {}, "interface_mappings": {"provider": "eth0"}, "tunnel_types": ["vxlan"], "tunneling_ip": "127.0.0.1"}', 0
from (select 'fake' as host union select 'broken') as hosts;
SQL

api keystone OS_KEYSTONE_CONFIG_FILES=$ETC/keystone.conf 2 0.0.0.0:5000 /usr/bin/keystone-wsgi-public
api placement OS_PLACEMENT_CONFIG_DIR=$ETC 1 0.0.0.0:8778 /usr/bin/placement-api
start glance glance-api --config-file $ETC/glance-api.conf
wait_for_port 5672
# The network GUESTS is one of the engine's: machines stand in it beside this container.
mount -o remount,rw /proc/sys
interface=$(ip -o -4 address show to "$GUESTS" | awk '{ print $2; exit }')
sed -i "s/INTERFACE/$interface/" $ETC/agent-real.ini
start libvirtd libvirtd --config $ETC/libvirtd.conf
start neutron neutron-server --config-file $ETC/neutron.conf --config-file $ETC/ml2.ini
for part in conductor scheduler api; do
    start "nova-$part" "nova-$part" --config-file $ETC/nova.conf
done
start agent-real neutron-linuxbridge-agent --config-file $ETC/neutron.conf --config-file $ETC/ml2.ini \
    --config-file $ETC/agent-real.ini
for host in fake broken real; do
    # The package of this service would bring a hypervisor along.
    start "nova-compute-$host" python3 -c 'from nova.cmd.compute import main; main()' \
        --config-file $ETC/nova.conf --config-file $ETC/compute-$host.conf
done
export PYTHONPATH=/cloud
for part in api scheduler volume; do
    start "cinder-$part" python3 -c "from cinder.cmd.$part import main; main()" --config-file $ETC/cinder.conf
done
for port in 5000 8778 9292 9696 8774 8776; do
    wait_for_port $port
done
python3 /cloud/seed.py
echo ready
wait
