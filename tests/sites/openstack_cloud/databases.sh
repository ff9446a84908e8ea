#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fills the databases of all services; run once, when the image is made.
set -euo pipefail
source /cloud/services.sh

mariadb-install-db --no-defaults --user=root --datadir=$STATE/mysql --skip-test-db \
    --auth-root-authentication-method=normal >$LOG/install-db.out 2>&1
start_mariadb
for database in keystone glance placement nova_api nova nova_cell0 neutron cinder; do
    sql -e "create database $database character set utf8;
            grant all on $database.* to 'cloud'@'127.0.0.1' identified by 'cloud';
            grant all on $database.* to 'cloud'@'localhost' identified by 'cloud';"
done

# Two chains, for a machine with two processors; each prints what it ran.
nova_databases() {
    local manage="nova-manage --config-file $ETC/nova.conf"
    $manage api_db sync
    $manage cell_v2 map_cell0 --database_connection mysql+pymysql://cloud:cloud@127.0.0.1/nova_cell0?charset=utf8
    $manage cell_v2 create_cell --name cell1
    $manage db sync
    cinder-manage --config-file $ETC/cinder.conf db sync
}
other_databases() {
    keystone-manage --config-file $ETC/keystone.conf db_sync
    keystone-manage --config-file $ETC/keystone.conf fernet_setup --keystone-user root --keystone-group root
    keystone-manage --config-file $ETC/keystone.conf credential_setup --keystone-user root --keystone-group root
    keystone-manage --config-file $ETC/keystone.conf bootstrap --bootstrap-password admin \
        --bootstrap-region-id RegionOne --bootstrap-public-url http://127.0.0.1:5000/v3 \
        --bootstrap-internal-url http://127.0.0.1:5000/v3 --bootstrap-admin-url http://127.0.0.1:5000/v3
    placement-manage --config-file $ETC/placement.conf db sync
    glance-manage --config-file $ETC/glance-api.conf db_sync
    neutron-db-manage --config-file $ETC/neutron.conf --config-file $ETC/ml2.ini upgrade heads
}
nova_databases >$LOG/nova-databases.out 2>&1 &
nova=$!
other_databases >$LOG/other-databases.out 2>&1 || { tail -n 20 $LOG/other-databases.out >&2; exit 1; }
wait $nova || { tail -n 20 $LOG/nova-databases.out >&2; exit 1; }

# The catalogue; nova knows cinder by the older type. The address is put in at each start.
while read -r kind place; do
    sql keystone <<SQL
set @service = replace(uuid(), '-', '');
insert into service (id, type, enabled, extra) values (@service, '$kind', 1, '{"name": "$kind"}');
insert into endpoint (id, interface, region_id, service_id, url, extra, enabled)
select replace(uuid(), '-', ''), interface, 'RegionOne', @service, 'http://127.0.0.1:$place', '{}', 1
from (select 'public' as interface union select 'internal' union select 'admin') as interfaces;
SQL
done <<'CATALOGUE'
placement 8778
image 9292
network 9696
compute 8774/v2.1
block-storage 8776/v3/%(project_id)s
volumev3 8776/v3/%(project_id)s
CATALOGUE

mariadb-admin --no-defaults -uroot -S $SOCKET shutdown
wait
