"""Creates the tables of MLflow's tracking and registry stores in an empty SQL database. Request: {"uri"}. Answer: {}."""

from mlflow.store.db.utils import _initialize_tables, create_sqlalchemy_engine_with_retry

from driver import main


def answer(request):
    engine = create_sqlalchemy_engine_with_retry(request["uri"])
    _initialize_tables(engine)
    engine.dispose()
    return {}


if __name__ == "__main__":
    main(answer)
