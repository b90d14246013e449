namespace Lakala.Vocabulary.Tests;

/// <summary>Reason numbers are stored, sent and printed: their meaning never changes.</summary>
public sealed class RefusalTests
{
    [Fact]
    public void Numbers_codes_and_finality_are_frozen()
    {
        var table = string.Join('\n', Enum.GetValues<Refusal>().Select(refusal =>
            $"{(int)refusal} {refusal} {refusal.ResponseCode()} {(refusal.IsFinal() ? "final" : "open")}"));

        table.Should().Be(
            """
            101 UnknownTerminal 58 open
            102 TerminalBlocked 58 open
            110 SignOnFirst 77 open
            120 MacInvalid A0 open
            130 FormatError 30 final
            140 KeyReused 94 open
            141 StanReplayed 94 open
            150 TooManyRequests 91 open
            160 TotalsDiffer 95 open
            161 BatchClosed 12 final
            170 ClerkRefused 63 open
            171 TooManySignIns 63 open
            172 ClerkLocked 63 open
            201 CardInvalid 14 final
            202 PinBlockUnreadable 30 final
            301 BillMistyped 40 final
            302 BillUnknown 40 final
            310 BillPaid 40 final
            311 BillExpired 40 final
            312 BillCancelled 40 final
            320 BillBeingPaid 12 final
            321 BillHeld 12 final
            330 CurrencyWrong 13 final
            331 AmountWrong 13 final
            340 BillNotPaid 12 final
            341 RefundExceeds 13 final
            342 TradeNone 12 final
            343 TradeNotShipped 12 final
            344 TradeNotOverdue 12 final
            345 TradeNotClaimed 12 final
            346 TradeShipped 12 final
            347 TradeExtended 12 final
            348 ExtensionTooLong 12 final
            349 TradeClaimed 12 final
            350 TradeFrozen 12 final
            351 TradeLeased 12 final
            352 TradeFinished 12 final
            353 TradeClosed 12 final
            360 ClaimOpen 12 final
            361 ClaimsUsedUp 12 final
            362 ClaimTooLate 12 final
            363 ClaimExceeds 13 final
            364 ClaimOver 12 final
            365 ClaimNotNow 12 final
            366 ClaimOffered 12 final
            367 OfferWrong 13 final
            368 RulingWrong 13 final
            369 RulingWaits 12 final
            370 RulingNone 12 final
            371 RulingAlone 12 final
            372 GuaranteeShort 12 final
            373 EvidenceFull 12 final
            374 EvidenceTooLarge 12 final
            375 EvidenceUnreadable 12 final
            376 RefundUndecided 12 final
            377 RefundSent 12 final
            378 RefundPromised 12 final
            379 RefundDecided 12 final
            380 NothingLeftToRefund 13 final
            381 OtherCard 14 final
            382 ClerkUnknown 12 final
            383 SignedAlone 12 final
            384 NotSigned 12 final
            385 SignerLocked 12 final
            386 NoSupervisor 12 final
            387 RefundBatchClosed 12 final
            388 RefundNeverHappened 25 final
            389 PaymentUnknown 40 final
            390 MerchantShort 12 final
            391 RefundContradicted 12 final
            401 DeclinedByBank 05 final
            402 BankNotReachable 92 final
            403 NoAnswerFromBank 68 final
            410 NeverHappened 25 final
            501 InProgress 09 open
            502 TryLater 91 open
            503 Fault 96 open
            """);
    }
}
