# SPDX-License-Identifier: Apache-2.0
"""A driver of Cinder's that keeps no data: volumes exist for the API, and for virtual servers, only."""

from __future__ import annotations

from cinder import interface
from cinder.volume import driver


@interface.volumedriver
class MemoryDriver(driver.VolumeDriver):
    """Every call succeeds at once."""

    VERSION = "1"

    def check_for_setup_error(self):
        pass

    def get_volume_stats(self, refresh=False):
        return {
            "volume_backend_name": "memory",
            "vendor_name": "test",
            "driver_version": self.VERSION,
            "storage_protocol": "test",
            "total_capacity_gb": "infinite",
            "free_capacity_gb": "infinite",
        }

    def create_volume(self, volume):
        pass

    def delete_volume(self, volume):
        pass

    def create_volume_from_snapshot(self, volume, snapshot):
        pass

    def create_snapshot(self, snapshot):
        pass

    def delete_snapshot(self, snapshot):
        pass

    def copy_image_to_volume(self, context, volume, image_service, image_id, disable_sparse=False):
        pass

    def clone_image(self, context, volume, image_location, image_meta, image_service):
        return {}, True

    def extend_volume(self, volume, new_size):
        pass

    def ensure_export(self, context, volume):
        pass

    def create_export(self, context, volume, connector):
        pass

    def remove_export(self, context, volume):
        pass

    def initialize_connection(self, volume, connector):
        return {"driver_volume_type": "test", "data": {"volume_id": volume.id}}

    def terminate_connection(self, volume, connector, **_more):
        pass
