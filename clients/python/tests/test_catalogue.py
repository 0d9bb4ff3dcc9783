import json
import unittest
from typing import Tuple

import databox
from databox import Address, DataSourceMetadata, Item, address_of, hypercat_to_metadata, metadata_to_hypercat

from . import desk


class CatalogueTest(unittest.TestCase):
    def test_a_registered_datasource_is_in_the_catalogue(self) -> None:
        desk.shared().seat(desk.manifest("driver-catalogue"))
        with desk.shared().join("driver-catalogue") as box:
            store = box.store()
            items = [
                store.register_datasource(DataSourceMetadata("light", "ts", unit="lx", location="ü", is_func=True)),
                store.register_datasource(DataSourceMetadata("photo", "ts/blob", "camera", "Fotos", vendor="You")),
            ]
            self.assertEqual(items[0]["href"], "tcp://driver-catalogue-core-store:5555/ts/light")
            self.assertEqual(store.get_datasource_catalogue()["items"], items[::-1])
            again = store.register_datasource(DataSourceMetadata("light", "ts", description="new"))
            found = store.get_datasource_catalogue()["items"]
            self.assertEqual(len(found), 2)
            self.assertIn(again, found)

    def test_what_an_owner_chose_is_known_by_its_clientid(self) -> None:
        items = [
            metadata_to_hypercat("driver-py-core-store", DataSourceMetadata(id, "ts/blob", "mem")) for id in ("m", "n")
        ]
        variables = {"DATASOURCE_MEM": json.dumps(items[0]), "DATASOURCE_MEM_2": json.dumps(items[1])}
        with desk.shared().join(**variables, DATASOURCE_NONE="") as box:
            first = box.datasource("MEM")
            self.assertEqual((first.id, first.store_type, first.store.name), ("m", "ts/blob", "driver-py-core-store"))
            self.assertEqual((first.metadata.data_source_type, first.item), ("mem", items[0]))
            self.assertEqual([found.id for found in box.datasources("MEM")], ["m", "n"])
            self.assertIs(first.store, box.datasources("MEM")[1].store)
            self.assertEqual(box.datasources("NONE") + box.datasources("OTHER"), [])
            first.store.ts_blob.write(first.id, {"free": 7})
            self.assertEqual(first.store.ts_blob.latest("m")[0].data, {"free": 7})

    def test_a_choice_that_is_none_is_said_to_be_none(self) -> None:
        for text in ("{", "[]", "{}", '{"href": 5}'):
            with desk.shared().join(DATASOURCE_X=text) as box, self.assertRaises(databox.NotAComponent):
                box.datasource("X")

    def test_metadata_survives_hypercat_and_back(self) -> None:
        metadata = DataSourceMetadata(
            *("m", "ts/blob", "mem", "Memory", "application/json", "You", "B", "attic"), is_actuator=True, is_func=True
        )
        self.assertEqual(hypercat_to_metadata(metadata_to_hypercat("s", metadata)), metadata)
        plain = hypercat_to_metadata(metadata_to_hypercat("s", DataSourceMetadata("m", "ts")))
        self.assertEqual((plain.description, plain.data_source_type, plain.vendor), ("m", "m", "databox"))

    def test_flags_may_be_text_and_ids_numbers(self) -> None:
        terms = {"isActuator": "True", "hasDatasourceid": 7, "hasMinimumSampleInterval": 60_000, "hasUnit": None}
        metadata = [{"rel": "urn:X-databox:rels:" + rel, "val": val} for rel, val in terms.items()]
        known = hypercat_to_metadata({"href": "tcp://s:5555/kv/lamp", "item-metadata": metadata})
        self.assertEqual((known.is_actuator, known.data_source_id, known.store_type), (True, "7", "kv"))
        self.assertEqual((known.minimum_sample_interval, known.unit, known.is_func), (60_000, "", False))

    def test_addresses_of_datasources(self) -> None:
        self.assertEqual(address_of("tcp://s:5555/ts/blob/ü x"), Address("s", "ts/blob", "ü x"))
        self.assertEqual(address_of("https://s/ts/blob"), Address("s", "ts", "blob"))
        for href in ("", "tcp://s:5555/ts", "tcp://s:5555/other/x", "tcp://s:5555/ts/a/b", "/ts/x", "tcp://s/ts/x\n/"):
            with self.subTest(href=href), self.assertRaises(databox.DataboxError) as refused:
                address_of(href)
            self.assertEqual(refused.exception.code, "answer.invalid")
        items: Tuple[Item, ...] = ({}, {"href": "tcp://s/ts/x"}, {"href": 5, "item-metadata": []})
        for item in (*items, {"item-metadata": [5]}):
            with self.subTest(item=item), self.assertRaises(databox.DataboxError):
                hypercat_to_metadata(item)
