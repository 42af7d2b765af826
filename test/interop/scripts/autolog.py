"""Autologging, without start_run: MLflow makes or resumes the run by itself."""

import mlflow
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

mlflow.autolog()
features, labels = load_iris(return_X_y=True)
LogisticRegression(max_iter=200, C=0.5).fit(features, labels)
