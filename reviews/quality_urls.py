"""The pages of quality and training."""

from django.urls import path

from reviews.views import fairness, quality, training

urlpatterns = [
    path("quality", quality.everybody, name="quality"),
    path("quality.csv", quality.as_csv, name="quality-csv"),
    path("quality/mine", quality.mine, name="my-quality"),
    path("quality/shares", quality.shares, name="quality-shares"),
    path("quality/fairness", fairness.page, name="fairness"),
    path("quality/gold", quality.gold_cases, name="gold-cases"),
    path("quality/gold/new/<int:number>", quality.new_gold, name="new-gold"),
    path("quality/gold/<uuid:pk>/retire", quality.retire_gold, name="retire-gold"),
    path("training", training.exercises_page, name="training"),
    path("training/next", training.begin, name="next-exercise"),
    path("training/answers", training.answers, name="training-answers"),
    path("training/certify/<int:pk>", training.certify, name="certify"),
    path("training/<uuid:pk>", training.exercise, name="exercise"),
    path("training/<uuid:pk>/show/<int:turn>", training.reveal_turn, name="exercise-reveal"),
    path("training/<uuid:pk>/comment", training.comment, name="exercise-comment"),
]
