namespace AgiJobs.Response.Alerts;

/// <summary>Which alerts are told as one.</summary>
internal static class PageGroups
{
    /// <summary>
    /// The page that an alert comes into; null when it is a page of its own. Only what people were told of lately and have not acknowledged takes further alerts in, so that what is new is told: those of one transaction, those of one
    /// rule, and any when there are so many that it is a storm.
    /// </summary>
    /// <param name="pages">The pages that are open, the worst and oldest first.</param>
    /// <param name="alert">The alert.</param>
    /// <param name="settings">Within which time, and how many make a storm.</param>
    /// <param name="now">The time.</param>
    /// <param name="isStorm">Whether they are put together only because there are so many.</param>
    public static AlertPage? Find(IEnumerable<AlertPage> pages, AlertRecord alert, AlertSettings settings, DateTimeOffset now, out bool isStorm)
    {
        isStorm = false;
        if (AlertRules.IsAlone(alert.Rule))
        {
            return null;
        }

        var open = pages.Where(page => !AlertRules.IsAlone(page.Rule) && page.Acknowledged is null && now - page.JoinedAt <= settings.GroupWindow).ToList();
        if ((open.Find(page => alert.Place?.Transaction is { } transaction && string.Equals(page.Transaction, transaction, StringComparison.Ordinal)) ?? open.Find(page => string.Equals(page.Rule, alert.Rule, StringComparison.Ordinal))) is { } same)
        {
            return same;
        }

        isStorm = open.Exists(page => page.IsStorm) || open.Count(page => now - page.OpenedAt <= settings.GroupWindow) >= settings.Storm;
        return isStorm ? open.Find(page => page.IsStorm) ?? open[0] : null;
    }
}
