using AgiJobs.Control.OnCall;
using AgiJobs.Response.Alerts;
using AgiJobs.Response.Alerts.Escalation;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Tests.Alerts.Escalation;

public sealed class EscalationsTests
{
    private static readonly DateTimeOffset Begin = new(2026, 11, 20, 8, 0, 0, TimeSpan.Zero);

    // The first step of SEV-1 is due at once, that of SEV-2 after two minutes; both have one after ten; both are told again every thirty.
    private static readonly OnCallPlan Plan = new(AlertGround.File with
    {
        Policies = [.. AlertGround.File.Policies, new EscalationPolicy { Name = "late", Steps = [new EscalationStep { After = "2m", Channels = ["log"] }, new EscalationStep { After = "10m", Channels = ["ann"] }] }],
        Severities = [.. AlertGround.File.Severities.Select(rule => rule.Severity == "SEV-2" ? rule with { Policy = "late", Acknowledge = "10m", Renotify = "30m" } : rule)],
    });

    public static TheoryData<Severity, int?, int?, int?> Lives()
    {
        var data = new TheoryData<Severity, int?, int?, int?>();
        foreach (var severity in (Severity[])[Severity.Sev1, Severity.Sev2])
        {
            foreach (var acknowledged in (int?[])[null, 0, 1, 5, 45])
            {
                foreach (var silenced in (int?[])[null, 0, 3, 40])
                {
                    foreach (var loud in (int?[])[null, 4, 20, 90])
                    {
                        if (silenced is null == loud is null && !(silenced >= loud))
                        {
                            data.Add(severity, acknowledged, silenced, loud);
                        }
                    }
                }
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Lives))]
    public void What_goes_on_and_is_not_silenced_is_told_within_the_time_and_exactly_when_it_was_said_to_be_next(Severity severity, int? acknowledged, int? silenced, int? loud)
    {
        var page = new AlertPage { Version = 1, Id = "p", Network = "devnet", Severity = severity, Title = "t", Rule = "drain", OpenedAt = Begin, JoinedAt = Begin, EscalatesFrom = Begin };
        var quiet = 0;
        for (var minute = 0; minute <= 200; minute++)
        {
            var now = Begin.AddMinutes(minute);
            page = silenced == minute ? page with { IsSilenced = true } : loud == minute ? page with { IsSilenced = false, EscalatesFrom = now, Steps = 0 } : page;
            page = acknowledged == minute ? page with { Acknowledged = new Acknowledgement("Ann", now, "seen", "x") } : page;
            var next = Escalations.NextOf(page, Plan);
            var due = Escalations.Of(page, Plan, now);
            Assert.Equal(due is not null, next <= now);
            Assert.Equal(page.IsSilenced, next is null);
            // Who acknowledges knows of it.
            quiet = page.IsSilenced || due is not null || acknowledged == minute ? 0 : quiet + 1;
            Assert.True(quiet <= 30, $"nobody was told for {quiet} minutes at minute {minute}");
            if (due is not null)
            {
                Assert.NotEmpty(due.Calls);
                page = page with { Steps = due.Steps, ToldAt = now };
            }
        }
    }

    [Fact]
    public void A_page_about_a_channel_is_told_and_told_again_when_it_was_said_to_be_next()
    {
        var page = new AlertPage { Version = 1, Id = "p", Network = "devnet", Severity = Severity.Sev1, Title = "t", Rule = AlertRules.ChannelFailing, Subject = "log", OpenedAt = Begin, JoinedAt = Begin, EscalatesFrom = Begin };
        Assert.Equal(Begin, Escalations.NextOf(page, Plan));
        Assert.Equal(["ann", "ben", "alive"], Escalations.Of(page, Plan, Begin)!.Calls.Select(call => call.Channel));
        page = page with { Steps = 1, ToldAt = Begin };
        Assert.Equal(Begin.AddMinutes(30), Escalations.NextOf(page, Plan));
        Assert.Null(Escalations.Of(page, Plan, Begin.AddMinutes(29)));
        Assert.NotNull(Escalations.Of(page, Plan, Begin.AddMinutes(30)));
        page = page with { Acknowledged = new Acknowledgement("Ann", Begin.AddMinutes(5), "seen", "x") };
        Assert.Equal(Begin.AddMinutes(35), Escalations.NextOf(page, Plan));
        Assert.Null(Escalations.Of(page, Plan, Begin.AddMinutes(34)));
        Assert.NotNull(Escalations.Of(page, Plan, Begin.AddMinutes(35)));
    }
}
