"""Searches a store with MLflow's own store classes, page by page.

Request: {"uri", "queries": [query, ...]}; the query is described in search/query.ts. Answer: for each query {"pages": [[id,
...], ...], "tokens": [the token that followed each page]} or {"error": {"raised": "mlflow" or "raw", "type", "message"},
"page": how many pages came before}.

The store is read once and held: what is under test is how MLflow filters, sorts and cuts pages, and that code runs
unchanged for every query. With "hold": false every query reads the store.
"""

import functools

from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException

from driver import main

MAX_PAGES = 60
VIEWS = {"active": ViewType.ACTIVE_ONLY, "deleted": ViewType.DELETED_ONLY, "all": ViewType.ALL}
STORES = {}


def answer(request):
    uri = request["uri"]
    if not request.get("hold", True):
        stores = FileStores(uri)
    else:
        if uri not in STORES:
            STORES[uri] = SqlStores(uri) if uri.startswith("sqlite:") else FileStores(uri)
            STORES[uri].hold()
        stores = STORES[uri]
    return [walk(stores, query) for query in request["queries"]]


class FileStores:
    def __init__(self, uri):
        from mlflow.store.model_registry.file_store import FileStore as Registry
        from mlflow.store.tracking.file_store import FileStore

        self.tracking = FileStore(uri)
        self.registry = Registry(uri)

    def hold(self):
        for store, method in [
            (self.tracking, "_list_run_infos"),
            (self.tracking, "_list_models"),
            (self.tracking, "_get_experiment"),
            (self.tracking, "_get_active_experiments"),
            (self.tracking, "_get_deleted_experiments"),
            (self.registry, "_list_all_registered_models"),
            (self.registry, "_list_file_model_versions_under_path"),
            (self.registry, "_get_all_registered_model_paths"),
        ]:
            setattr(store, method, remembered(getattr(store, method)))
        self.tracking._get_run_from_info = remembered(
            self.tracking._get_run_from_info, key=lambda info: (info.experiment_id, info.run_id)
        )


class SqlStores:
    def __init__(self, uri):
        from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as Registry
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        self.tracking = SqlAlchemyStore(uri, "no-artifacts")
        self.registry = Registry(uri)

    def hold(self):
        pass


def remembered(function, key=lambda *args, **kwargs: repr((args, kwargs))):
    known = {}

    @functools.wraps(function)
    def call(*args, **kwargs):
        name = key(*args, **kwargs)
        if name not in known:
            known[name] = function(*args, **kwargs)
        value = known[name]
        return list(value) if isinstance(value, list) else value

    return call


def walk(stores, query):
    token = query.get("pageToken")
    pages, tokens = [], []
    while len(pages) < MAX_PAGES:
        try:
            items, token = SEARCHES[query["search"]](stores, query, token)
            pages.append([identity(item) for item in items])
        except MlflowException as error:
            return failed("mlflow", error, pages)
        except Exception as error:
            return failed("raw", error, pages)
        token = token.decode() if isinstance(token, bytes) else token
        tokens.append(token)
        if not token:
            break
    return {"pages": pages, "tokens": tokens}


def failed(raised, error, pages):
    return {
        "error": {"raised": raised, "type": type(error).__name__, "message": str(error)[:500]},
        "page": len(pages),
    }


def identity(item):
    if hasattr(item, "info"):
        return item.info.run_id
    if hasattr(item, "model_id") and not hasattr(item, "version"):
        return item.model_id
    if hasattr(item, "version"):
        return "%s/%s" % (item.name, item.version)
    return item.experiment_id if hasattr(item, "experiment_id") else item.name


def runs(stores, query, token):
    found = stores.tracking.search_runs(
        query["experimentIds"],
        query["filter"],
        VIEWS[query["view"]],
        query["maxResults"],
        query["orderBy"],
        token,
    )
    return found, found.token


def experiments(stores, query, token):
    found = stores.tracking.search_experiments(
        VIEWS[query["view"]], query["maxResults"], query["filter"], query["orderBy"], token
    )
    return found, found.token


def registered_models(stores, query, token):
    found = stores.registry.search_registered_models(
        query["filter"], query["maxResults"], query["orderBy"], token
    )
    return found, found.token


def model_versions(stores, query, token):
    found = stores.registry.search_model_versions(
        query["filter"], query["maxResults"], query["orderBy"], token
    )
    return found, found.token


def logged_models(stores, query, token):
    found = stores.tracking.search_logged_models(
        query["experimentIds"],
        query["filter"],
        query["datasets"],
        query["maxResults"],
        query["orderBy"],
        token,
    )
    return found, found.token


SEARCHES = {
    "runs": runs,
    "experiments": experiments,
    "registeredModels": registered_models,
    "modelVersions": model_versions,
    "loggedModels": logged_models,
}

if __name__ == "__main__":
    main(answer)
