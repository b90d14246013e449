using System.Text.RegularExpressions;
using Lakala.Rules.Bills;
using Lakala.Rules.Claims;
using Lakala.Rules.Refunds;
using Lakala.Rules.Trades;
using Lakala.Silo.Ops;
using Lakala.Storage.Operators;
using Lakala.Vocabulary;

namespace Lakala.Silo.Tests.Ops;

public sealed partial class OpsTextsTests
{
    private static readonly (OpsTexts English, OpsTexts Chinese) Both = (OpsTexts.English, OpsTexts.Chinese);

    [Fact]
    public void Both_languages_have_every_text_with_the_same_places_to_fill_in()
    {
        foreach (var text in typeof(OpsTexts).GetProperties().Where(property => property.PropertyType == typeof(string)))
        {
            Compare((string)text.GetValue(Both.English)!, (string)text.GetValue(Both.Chinese)!);
        }
    }

    [Fact]
    public void Both_languages_have_words_for_every_state_move_role_and_refusal()
    {
        CompareAll<BillState>(texts => texts.Bills);
        CompareAll<TradeState>(texts => texts.Trades);
        CompareAll<RefundState>(texts => texts.Refunds);
        CompareAll<ClaimState>(texts => texts.ClaimStates);
        CompareAll<ClaimState>(texts => state => texts.NextMoves(state, false));
        CompareAll<ClaimState>(texts => state => texts.NextMoves(state, true));
        CompareAll<ClaimKind>(texts => texts.Kinds);
        CompareAll<RefundQuestion>(texts => texts.Questions);
        CompareAll<RefundQuestion>(texts => texts.WhatNow);
        CompareAll<RefundVerdict>(texts => texts.Verdicts);
        CompareAll<OperatorRole>(texts => texts.Roles);
        CompareAll<Refusal>(texts => texts.DisputeRefusals);
        CompareAll<Refusal>(texts => texts.RefundRefusals);
        foreach (var what in typeof(EventTypes).GetFields().Select(field => field.GetValue(null)).OfType<string>().Where(what => what.StartsWith("claim.", StringComparison.Ordinal)))
        {
            Compare(Both.English.Moves(what), Both.Chinese.Moves(what));
        }
    }

    private static void CompareAll<T>(Func<OpsTexts, Func<T, string>> words)
        where T : struct, Enum
    {
        foreach (var value in Enum.GetValues<T>())
        {
            Compare(words(Both.English)(value), words(Both.Chinese)(value));
        }
    }

    private static void Compare(string english, string chinese)
    {
        english.Should().NotBeNullOrWhiteSpace();
        chinese.Should().NotBeNullOrWhiteSpace().And.NotBe(english);
        Places().Matches(chinese).Select(place => place.Value).Should().BeEquivalentTo(Places().Matches(english).Select(place => place.Value), english);
    }

    [GeneratedRegex(@"\{\d\}")]
    private static partial Regex Places();
}
